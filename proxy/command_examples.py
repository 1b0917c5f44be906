"""What `--help` shows below the options: examples that can be pasted, and what the exit codes mean. Text, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

EPILOG = """\
examples:
  outrider serve                                  every provider whose key is in the environment, and the mock
  outrider serve --config /etc/outrider/config    a file, or a directory that holds config.yaml
  outrider check --config config.yaml             what is on, what is off and why, and where each value is from
  outrider doctor                                 keys, DNS, TLS, clock, ports: what is wrong, and what to do
  outrider tail --failed                          calls of the running sidecar as they end, those that failed
  outrider top                                    a live table of who answers how fast, and who fails
  outrider models --can vision                    models that take images, with their windows and prices
  outrider prices gpt-4o --input 1000 --output 500   what a model costs, and what a call does
  outrider prices --cheapest --capability tools      the cheapest models that can
  outrider chat "Say hello"                       ask the mock, through the running sidecar
  outrider chat --model openai:gpt-4o-mini "Hi"   ask a provider
  echo "Summarise this" | outrider chat -         the prompt from standard input
  outrider inject -f deployment.yaml              the same manifests, with the sidecar in their pods
  source <(outrider completion bash)              complete commands and options with the tab key

exit codes:
  0   it went well
  1   it failed: no answer, an error of the provider, an alias that leads nowhere, a check of the doctor's
  2   wrong usage, or a configuration with a fault
  130 interrupted
"""
SERVE = """\
examples:
  outrider serve
  outrider serve --config config.yaml
  outrider serve --config /etc/outrider/config --keys /etc/outrider/keys   in a pod
  OUTRIDER_PORT=8080 OPENAI_API_KEY=sk-... outrider serve

exit codes:
  0   it has drained after SIGTERM or SIGINT
  1   a port could not be had
  2   wrong usage, or a configuration with a fault
"""
CHECK = """\
examples:
  outrider check                          what the environment alone amounts to
  outrider check --config config.yaml     providers, aliases, and every setting that somebody made, with its line
  outrider check --all                    the defaults, too
  outrider check --json                   the same for a program, defaults included
  outrider check --schema                 for editors

exit codes:
  0   the configuration holds
  1   it holds, and an alias leads nowhere
  2   wrong usage, or it has a fault
"""
DOCTOR = """\
examples:
  outrider doctor                              the configuration that serve would take, and everyone whom it names
  outrider doctor --config config.yaml
  outrider doctor --provider openai            one provider alone
  outrider doctor --json                       for a program: each check with its state and what to do

No check buys a completion: keys are shown to what a provider answers for nothing, such as its list of models.

exit codes:
  0   nothing failed; there may be warnings
  1   something failed; the lines below it say what to do
  2   wrong usage, or the configuration has a fault and was checked alone
  130 interrupted
"""
TAIL = """\
examples:
  outrider tail                               the last ten calls, then each as it ends
  outrider tail --failed                      those that failed
  outrider tail --model 'gpt-4*' --slower-than 5
  outrider tail --provider openai --kind timeout --kind provider_rate_limited
  outrider tail --last 200 --json             a line of JSON for each, as in the log
  outrider tail --last 0 --count 1            wait for the next call, show it, end

exit codes:
  0   as many calls were shown as --count says, or who read the output has gone
  1   no sidecar answers there
  2   wrong usage
  130 interrupted
"""
TOP = """\
examples:
  outrider top                      the live table; q ends it
  outrider top --once               one table, of the last minute
  outrider top --once --json        the same for a program
  outrider top --json               a line of JSON each second

exit codes:
  0   it was shown
  1   no sidecar answers there
  2   wrong usage
  130 interrupted
"""
MODELS = """\
examples:
  outrider models
  outrider models --provider anthropic
  outrider models --can vision --json

exit codes:
  0   they are shown
  2   wrong usage, no such provider or capability, or a configuration with a fault
"""
PRICES = """\
examples:
  outrider prices gpt-4o                                    all that is known of its price
  outrider prices gpt-4o --input 800 --cached 200 --output 500
  outrider prices openai:gpt-5 --input 1000 --output 500 --tier flex
  outrider prices deepseek-flash --input 1000 --at 2026-12-01T02:00
  outrider prices --cheapest --provider anthropic
  outrider prices --cheapest --capability tools --capability vision --input 5000 --output 200

exit codes:
  0   it is known
  1   the price, or that of something counted, is not known
  2   wrong usage, no such model, or a configuration with a fault
"""
CHAT = """\
examples:
  outrider chat "Say hello"
  outrider chat --model openai:gpt-4o-mini --system "Be brief" "What is TLS?"
  outrider chat --json "Say hello"
  git diff | outrider chat --model fast -

exit codes:
  0   the answer is complete
  1   it is not, and standard error says why
  2   wrong usage
  130 interrupted
"""
INJECT = """\
examples:
  outrider inject -f deployment.yaml > injected.yaml
  kubectl kustomize overlay | outrider inject | kubectl apply -f -
  outrider inject -f a.yaml -f b.yaml --all --namespace shop
  outrider inject -f job.yaml --server-version 1.31
  helm get manifest web | outrider inject --all --output json

Injected are the pods that ask for it by the label outrider.dev/inject: "true"; everything else is printed as it came.

exit codes:
  0   it is printed; there may be warnings on standard error
  2   wrong usage, a document that cannot be read, or a pod that is refused; then nothing is printed
"""
INJECTOR = """\
examples:
  outrider injector --namespace llm-system --service outrider-injector
  outrider injector --tls files --tls-dir /etc/outrider/tls

exit codes:
  0   it has ended after SIGTERM or SIGINT
  1   a port could not be had
  2   wrong usage, or a template that cannot be used
"""
COMPLETION = """\
examples:
  source <(outrider completion bash)                                       in ~/.bashrc
  source <(outrider completion zsh)                                        in ~/.zshrc, after compinit
  outrider completion fish > ~/.config/fish/completions/outrider.fish

exit codes:
  0   it is printed
  2   wrong usage
"""
VERSION = """\
examples:
  outrider version
  outrider version --json

exit codes:
  0   it is printed
"""
#: Command -> what its help shows below the options.
OF_COMMAND: Mapping[str, str] = {
    "serve": SERVE,
    "check": CHECK,
    "doctor": DOCTOR,
    "tail": TAIL,
    "top": TOP,
    "models": MODELS,
    "prices": PRICES,
    "chat": CHAT,
    "inject": INJECT,
    "injector": INJECTOR,
    "completion": COMPLETION,
    "version": VERSION,
}

{{/*
The injection template: one JSON document with all that an injector must know. The chart puts it into a ConfigMap for the webhook,
the policy is made of it, and `outrider inject` has a copy. docs/injection.md tells what is done with each member.
*/}}
{{- define "outrider.template" -}}
{{- $env := .injection.env -}}
{{- dict
  "apiVersion" "outrider.dev/v1"
  "chart" (printf "outrider-%s" (include "outrider.version" .))
  "domain" .injection.domain
  "native" .injection.native
  "port" (int .sidecar.ports.proxy)
  "opsPort" (int .sidecar.ports.ops)
  "config" .config.name
  "keysSecret" .keys.secretName
  "allowImageOverride" .injection.allowImageOverride
  "container" (include "outrider.container" . | fromJson)
  "classic" (include "outrider.classic" . | fromJson)
  "volumes" (include "outrider.podVolumes" . | fromJsonArray)
  "imagePullSecrets" .imagePullSecrets
  "overlay" dict
  "excludedNamespaces" .injection.excludedNamespaces
  "env" (dict
    "mode" $env.mode
    "containers" $env.containers
    "skipContainers" $env.skipContainers
    "initContainers" $env.initContainers
    "noProxy" $env.noProxy
    "providers" (include "outrider.providers" . | fromJsonArray)
    "variables" (include "outrider.templateVariables" . | fromJson))
  | toPrettyJson -}}
{{- end }}

{{- define "outrider.templateVariables" -}}
{{- $asked := regexReplaceAll "\\{key\\}" (include "outrider.variables" .) (.injection.env.placeholderKey | replace "$" "$$") -}}
{{- $variables := fromYaml $asked -}}
{{- toJson $variables -}}
{{- end }}

{{/*
Whose variables pods get: what `injection.env.providers` lists; else those that the configuration in `config.data` names; else
OpenAI, Anthropic and Gemini. Azure's client in Node refuses an OpenAI address beside its own, so Azure in the configuration
keeps OpenAI's variables out; listing both says that it is meant.
*/}}
{{- define "outrider.providers" -}}
{{- $known := include "outrider.variables" . | fromYaml -}}
{{- $listed := .injection.env.providers -}}
{{- range $listed -}}
{{- if not (hasKey $known .) }}{{ fail (printf "injection.env.providers: %s is not one of %s" . (keys $known | sortAlpha | join ", ")) }}{{ end -}}
{{- end -}}
{{- $found := list -}}
{{- range $name, $entry := .config.data.providers -}}
{{- $kind := ($entry | default dict).kind | default $name -}}
{{- $family := regexReplaceAll "^azure_(openai|deployments|foundry)$" $kind "azure" | replace "openai_responses" "openai" -}}
{{- if hasKey $known $family }}{{ $found = append $found $family }}{{ end -}}
{{- end -}}
{{- $found = uniq $found | sortAlpha -}}
{{- if has "azure" $found }}{{ $found = without $found "openai" }}{{ end -}}
{{- $listed | default $found | default (list "openai" "anthropic" "gemini") | toJson -}}
{{- end }}

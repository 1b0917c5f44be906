{{/*
The annotations of a pod as the policies read them, the same as the injector's own (docs/injection.md). `good` is CEL for a value
{v}, `allowed` what is said of a bad one. `policy: false` marks what CEL cannot do: with mode policy such a pod is refused.
*/}}
{{- define "outrider.policyAnnotations" -}}
{{- $name := "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?" -}}
{{- $object := printf "{v}.size() <= 253 && {v}.matches('^%s([.]%s)*$')" $name $name -}}
{{- $objectWords := "the name of an object: lower case letters, digits, - and ., at most 253 characters" -}}
{{- $names := printf "{v}.split(',').size() <= 50 && {v}.split(',').all(part, part.trim().matches('^%s$'))" $name -}}
{{- $port := "{v}.matches('^[0-9]{1,9}$') && int({v}) >= 1024 && int({v}) <= 65535" -}}
{{- $truth := "{v} in ['true', 'false']" -}}
{{- $quantity := "isQuantity({v}) && quantity({v}).isGreaterThan(quantity('0'))" -}}
{{- $quantityWords := "a quantity above 0, such as 100m, 0.5, 96Mi or 1Gi" -}}
{{- $containers := "names of containers, separated by commas" -}}
config: {good: {{ quote $object }}, allowed: {{ quote $objectWords }}}
keys-secret: {good: {{ quote $object }}, allowed: {{ quote $objectWords }}}
providers: {good: {{ quote $names }}, allowed: "names of providers, separated by commas"}
port: {good: {{ quote $port }}, allowed: "a port, 1024 to 65535"}
ops-port: {good: {{ quote $port }}, allowed: "a port, 1024 to 65535"}
env: {good: "{v} in ['ifAbsent', 'override', 'off']", allowed: "ifAbsent, override, off"}
env-containers: {good: {{ quote $names }}, allowed: {{ quote $containers }}}
env-skip-containers: {good: {{ quote $names }}, allowed: {{ quote $containers }}}
native: {good: "{v} in ['auto', 'always', 'never']", allowed: "auto, always, never"}
image: {policy: false, good: "{v}.matches('^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,499}$')", allowed: "an image, such as registry/name:tag"}
cpu-request: {good: {{ quote $quantity }}, allowed: {{ quote $quantityWords }}}
cpu-limit: {good: {{ quote $quantity }}, allowed: {{ quote $quantityWords }}}
memory-request: {good: {{ quote $quantity }}, allowed: {{ quote $quantityWords }}}
memory-limit: {good: {{ quote $quantity }}, allowed: {{ quote $quantityWords }}}
log-level: {good: "{v} in ['debug', 'info', 'warning', 'error']", allowed: "debug, info, warning, error"}
extra-env: {policy: false, quoted: false, good: "{v}.matches('^[[](.|\\n)*[]]$')", allowed: 'a JSON list of variables, each {"name": "A", "value": "b"} or {"name": "A", "valueFrom": {...}}'}
termination-grace-period-seconds: {good: "{v}.matches('^[0-9]{1,9}$') && int({v}) >= 1 && int({v}) <= 604800", allowed: "seconds, 1 to 604800"}
metrics: {policy: false, good: {{ quote $truth }}, allowed: "true, false"}
allow-classic-job: {good: {{ quote $truth }}, allowed: "true, false"}
allow-host-network: {good: {{ quote $truth }}, allowed: "true, false"}
{{- end }}

{{/*
CEL for the faults of annotations, a list of texts, from (list $ "variables.said" whether-for-the-policy). The mapping named has
the annotations without their domain.
*/}}
{{- define "outrider.policyFaults" -}}
{{- $domain := (index . 0).Values.injection.domain -}}
{{- $said := index . 1 -}}
{{- $policy := index . 2 -}}
{{- $faults := list -}}
{{- range $name, $row := include "outrider.policyAnnotations" . | fromYaml -}}
{{- $value := printf "%s['%s']" $said $name -}}
{{- $key := printf "annotation %s/%s" $domain $name -}}
{{- $shown := ternary (printf "' is \\'' + (%s.size() <= 60 ? %s + '\\'' : %s.substring(0, 60) + '\\'...')" $value $value $value) "' is not what it must be'" (ne $row.quoted false) -}}
{{- $bad := printf "['%s' + %s + %s]" $key $shown (include "outrider.celString" (printf "; allowed: %s" $row.allowed)) -}}
{{- if and $policy (eq $row.policy false) -}}
{{- $bad = printf "['%s: the policy cannot do this; injection.mode webhook can']" $key -}}
{{- $faults = append $faults (printf "('%s' in %s ? %s : [])" $name $said $bad) -}}
{{- else -}}
{{- $faults = append $faults (printf "(!('%s' in %s) || (%s) ? [] : %s)" $name $said (replace "{v}" $value $row.good) $bad) -}}
{{- end -}}
{{- end -}}
{{ join "\n+ " $faults }}
{{- end }}

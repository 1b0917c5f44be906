{{/*
A value as an expression of CEL. Kubernetes' CEL refuses lists and mappings of mixed types
(https://kubernetes.io/docs/reference/using-api/cel/), so everything inside one is dyn().
`{$cel: ...}` is an expression already.
*/}}
{{- define "outrider.cel" -}}
{{- if and (kindIs "map" .) (hasKey . "$cel") -}}
dyn({{ get . "$cel" }})
{{- else if kindIs "map" . -}}
{{- $members := list -}}
{{- range $name := keys . | sortAlpha -}}
{{- $members = append $members (printf "%s: %s" (toJson $name) (include "outrider.cel" (get $ $name))) -}}
{{- end -}}
dyn({ {{- join ", " $members -}} })
{{- else if kindIs "slice" . -}}
{{- $items := list }}{{ range . }}{{ $items = append $items (include "outrider.cel" .) }}{{ end -}}
dyn([ {{- join ", " $items -}} ])
{{- else if kindIs "string" . }}dyn({{ include "outrider.celString" . }})
{{- else if kindIs "bool" . }}dyn({{ . }})
{{- else if kindIs "invalid" . }}dyn(null)
{{- else }}dyn({{ int64 . }})
{{- end -}}
{{- end }}

{{- define "outrider.celString" -}}
{{ toJson . }}
{{- end }}

{{/* A list of names, which needs no dyn(); in single quotes, so that it can stand within double ones. */}}
{{- define "outrider.celStrings" -}}
[ {{- range $index, $name := . }}{{ if $index }}, {{ end }}'{{ $name }}'{{ end -}} ]
{{- end }}

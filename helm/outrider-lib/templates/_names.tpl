{{/* The version of these templates: the chart `outrider` refuses to work with templates of another one. */}}
{{- define "outrider.version" -}}0.1.0{{- end }}

{{/* The image of `.image` (registry, repository, tag, digest): registry/repository:tag@digest. */}}
{{- define "outrider.image" -}}
{{- $tag := .image.tag | default (include "outrider.version" .) -}}
{{- with .image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .image.repository }}:{{ $tag }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/*
For charts of your own that carry the sidecar themselves. Values are read from `outrider-lib:`. `outrider.inject` is the whole of it and
gives the pod that the webhook would give; the four others are its parts, for those who write the pod by hand. They take `.` or
(dict "root" . "workload" "the owner's name"), and the workload is the release's name where none is said; "values" may stand for others.
*/}}
{{- define "outrider.valuesOf" -}}
{{- $root := .root | default . -}}
{{- $values := .values | default (index $root.Values "outrider-lib") -}}
{{- if not $values }}{{ fail "outrider-lib is not among the chart's dependencies: its values are missing" }}{{ end -}}
{{- if eq $values.injection.native "never" }}{{ fail "outrider-lib.injection.native is never: the library has native sidecars only. Use `outrider inject`" }}{{ end -}}
{{- $kubernetes := $root.Values.kubernetesVersion | default $root.Capabilities.KubeVersion.Version -}}
{{- if not (semverCompare ">=1.29.0-0" $kubernetes) }}{{ fail (printf "outrider-lib: native sidecars need Kubernetes 1.29, and this is %s. Use `outrider inject`" $kubernetes) }}{{ end -}}
{{- toJson $values -}}
{{- end }}

{{/* One item for `initContainers`. In a pod of root (securityContext.runAsUser 0) it needs a user: sidecar.securityContext.runAsUser. */}}
{{- define "outrider.initContainer" -}}
{{- $root := .root | default . -}}
{{- $container := include "outrider.valuesOf" . | fromJson | include "outrider.container" | fromJson -}}
{{- $workload := dict "name" "POD_WORKLOAD" "value" (.workload | default $root.Release.Name) -}}
{{- toYaml (set $container "env" (append $container.env $workload)) -}}
{{- end }}

{{- define "outrider.volumes" -}}
{{- include "outrider.valuesOf" . | fromJson | include "outrider.podVolumes" | fromJsonArray | toYaml -}}
{{- end }}

{{/* The variables for a container that sets none of them itself. */}}
{{- define "outrider.env" -}}
{{- $template := include "outrider.valuesOf" . | fromJson | include "outrider.template" | fromJson -}}
{{- include "outrider.given" (dict "env" list "template" $template) | fromJsonArray | toYaml -}}
{{- end }}

{{/* `inject: "false"` tells a webhook in the same cluster that the pod is served; `injected` is what PodMonitors select. */}}
{{- define "outrider.podLabels" -}}
{{- $domain := (include "outrider.valuesOf" . | fromJson).injection.domain -}}
{{ $domain }}/inject: "false"
{{ $domain }}/injected: "true"
{{- end }}

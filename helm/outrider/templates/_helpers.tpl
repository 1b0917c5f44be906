{{- define "outrider.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* A release may have dots in its name, and a Service may not. */}}
{{- define "outrider.fullname" -}}
{{- $name := include "outrider.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name $release }}{{ $release | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" $release $name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* Of every object. Whoever needs a component adds `app.kubernetes.io/component`. */}}
{{- define "outrider.labels" -}}
{{- omit (include "outrider.labelled" (list . "" dict) | fromYaml) "app.kubernetes.io/component" | toYaml -}}
{{- end }}

{{/* (list $ "component" <labels>): each once. Ours are what selectors go by; the values for one object are nearer than commonLabels. */}}
{{- define "outrider.labelled" -}}
{{- $root := index . 0 -}}
{{- $own := include "outrider.selectorLabels" $root | fromYaml -}}
{{- $version := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" -}}
{{- $own = merge $own (dict "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service) -}}
{{- $own = merge $own (dict "app.kubernetes.io/part-of" "outrider" "helm.sh/chart" $version) -}}
{{- with index . 1 }}{{ $_ := set $own "app.kubernetes.io/component" . }}{{ end -}}
{{- toYaml (merge $own (index . 2) $root.Values.commonLabels) -}}
{{- end }}

{{/* Quoted, for a release may be called 2024. */}}
{{- define "outrider.selectorLabels" -}}
app.kubernetes.io/name: {{ include "outrider.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "outrider.injectorName" -}}{{ include "outrider.fullname" . }}-injector{{- end }}

{{- define "outrider.tlsSecret" -}}
{{- if eq .Values.injector.tls.mode "secret" }}{{ .Values.injector.tls.secretName }}{{ else }}{{ include "outrider.injectorName" . }}-tls{{ end -}}
{{- end }}

{{/* The version of Kubernetes as the values or the cluster say it. */}}
{{- define "outrider.kubernetes" -}}
{{- .Values.kubernetesVersion | default .Capabilities.KubeVersion.Version -}}
{{- end }}

{{/* "true" or "" for (list $ "1.34"): whether Kubernetes is at least that. */}}
{{- define "outrider.kubernetesAtLeast" -}}
{{- if semverCompare (printf ">=%s.0-0" (index . 1)) (include "outrider.kubernetes" (index . 0)) }}true{{ end -}}
{{- end }}

{{/* Of a pod and its one container: what Pod Security `restricted` asks for. */}}
{{- define "outrider.restrictedPod" -}}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "outrider.restrictedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

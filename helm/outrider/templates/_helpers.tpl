{{- define "outrider.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "outrider.fullname" -}}
{{- $name := include "outrider.name" . -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* Of every object. Whoever needs a component adds `app.kubernetes.io/component`. */}}
{{- define "outrider.labels" -}}
{{ include "outrider.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: outrider
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "outrider.selectorLabels" -}}
app.kubernetes.io/name: {{ include "outrider.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
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

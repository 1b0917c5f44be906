{{/*
"true" where the pod of `helm test` gets a native sidecar. It is a pod that ends, and beside an ordinary sidecar it never would. The webhook
makes sure of every kubelet by asking the API server for three versions more than the library does. In an excluded namespace nobody injects.
*/}}
{{- define "outrider.canTest" -}}
{{- $oldest := ternary "1.32" "1.29" (and (eq .Values.injection.native "auto") (eq .Values.injection.mode "webhook")) -}}
{{- $served := or (eq .Values.injection.mode "none") (not (has .Release.Namespace .Values.injection.excludedNamespaces)) -}}
{{- if and .Values.tests.enabled $served (ne .Values.injection.native "never") (include "outrider.kubernetesAtLeast" (list . $oldest)) }}true{{ end -}}
{{- end }}

{{/* An application that knows nothing of us: it asks where its SDK's variable says, with Python, for the image has no shell. */}}
{{- define "outrider.testProgram" -}}
import json, os, sys, urllib.request
address = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:{{ int .Values.sidecar.ports.proxy }}/v1") + "/models"
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    models = json.load(direct.open(address, timeout=10))
except OSError as error:
    sys.exit(f"no sidecar answers at {address}: {error}")
print(f"the sidecar answers at {address} and serves {len(models['data'])} models")
{{- end }}

{{- define "outrider.testPod" -}}
metadata:
  labels:
    {{- include "outrider.labels" . | nindent 4 }}
    app.kubernetes.io/component: test
    {{- if ne .Values.injection.mode "none" }}
    {{ .Values.injection.domain }}/inject: "true"
    {{- end }}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "outrider.restrictedPod" . | nindent 4 }}
  containers:
    - name: application
      image: {{ include "outrider.image" .Values }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [/usr/bin/python3, -I, -c, {{ include "outrider.testProgram" . | toJson }}]
      resources: {requests: {cpu: 25m, memory: 32Mi}, limits: {memory: 96Mi}}
      securityContext:
        {{- include "outrider.restrictedContainer" . | nindent 8 }}
{{- end }}

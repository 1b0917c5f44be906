{{/* What NOTES.txt says of the gateway. */}}
{{- define "outrider.gatewayNotes" -}}
{{- $gateway := .Values.gateway -}}
{{- if $gateway.enabled }}
{{- $scheme := ternary "https" "http" (ne $gateway.tls.secretName "") }}
{{- $port := include "outrider.gatewayPort" . | int }}
{{- $custom := eq $port (ternary 443 80 (eq $scheme "https")) }}
{{- $address := printf "%s://%s.%s.svc%s" $scheme (include "outrider.gatewayName" .) .Release.Namespace (ternary "" (printf ":%d" $port) $custom) }}

The gateway answers at {{ $address }}; OpenAI's SDKs want {{ $address }}/v1.
Its keys of providers are in the Secret {{ $gateway.keysSecret | default .Values.keys.secretName }} of {{ .Release.Namespace }}, its configuration in the ConfigMap {{ include "outrider.gatewayName" . }} there.
{{- with $gateway.tokens.secretName }}
Each key of the Secret {{ . }} is a caller's name, its value that caller's token, of 16 characters or more:

     kubectl create secret generic {{ . }} --namespace {{ $.Release.Namespace }} --from-literal=my-app="$(openssl rand -hex 24)"

Until it is there nobody is let in. An application sends its token as its provider's key.
{{- end }}
{{- if $gateway.unauthenticated }}

WARNING: gateway.unauthenticated: whoever reaches the gateway spends what your keys are good for.
{{- end }}
{{- if and (include "outrider.gatewayIsMany" .) (not $gateway.redis.address) }}

Note: gateway.redis.address is empty, so each replica keeps limits and budgets for itself alone.
{{- end }}
{{- end }}
{{- end }}

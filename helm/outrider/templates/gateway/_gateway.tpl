{{- define "outrider.gatewayName" -}}{{ include "outrider.fullname" . }}-gateway{{- end }}

{{- define "outrider.gatewaySelector" -}}
{{ include "outrider.selectorLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "outrider.gatewayLabels" -}}
{{- include "outrider.labelled" (list . "gateway" dict) -}}
{{- end }}

{{/* The port of the Service: what the values say, else the one that the protocol has by custom. */}}
{{- define "outrider.gatewayPort" -}}
{{- .Values.gateway.service.port | default (ternary 443 80 (ne .Values.gateway.tls.secretName "")) | int -}}
{{- end }}

{{/* "true" or "": whether there may be more than one of it. */}}
{{- define "outrider.gatewayIsMany" -}}
{{- $gateway := .Values.gateway -}}
{{- if gt (ternary $gateway.autoscaling.maxReplicas $gateway.replicas $gateway.autoscaling.enabled | int) 1 }}true{{ end -}}
{{- end }}

{{/*
The gateway's configuration, as YAML: `gateway.config`, or the sidecars' where that is empty, with what the other values say of
its port, its callers, its store and its end. Paths are those of the Deployment's mounts. Both hosts are named because a node
without IPv6 has no `::`.
*/}}
{{- define "outrider.gatewayConfig" -}}
{{- $gateway := .Values.gateway -}}
{{- $config := omit (deepCopy ($gateway.config | default .Values.config.data)) "ops" -}}
{{- $kept := pick ($config.listen | default dict) "body_limit" "header_limit" -}}
{{- $listen := merge (dict "hosts" (list "0.0.0.0" "::") "port" 11411) $kept -}}
{{- if $gateway.tokens.secretName }}{{ $_ := set $listen "tokens" "/etc/outrider/tokens" }}{{ end -}}
{{- if $gateway.tls.secretName -}}
{{- $tls := dict "certificate" "/etc/outrider/tls/tls.crt" "key" "/etc/outrider/tls/tls.key" -}}
{{- if $gateway.tls.clientCA.secretName -}}
{{- $_ := set $tls "client_ca" (printf "/etc/outrider/client-ca/%s" $gateway.tls.clientCA.key) -}}
{{- with $gateway.tls.names }}{{ $_ := set $tls "names" . }}{{ end -}}
{{- end -}}
{{- $_ := set $listen "tls" $tls -}}
{{- end -}}
{{- $_ := set $config "listen" $listen -}}
{{- $drain := $config.drain | default dict -}}
{{- $_ := set $config "drain" (merge (dict "grace" $gateway.drain.graceSeconds) $drain) -}}
{{- with $gateway.redis -}}
{{- if .address -}}
{{- $sharing := dict "redis" .address -}}
{{- with .username }}{{ $_ := set $sharing "username" . }}{{ end -}}
{{- with .prefix }}{{ $_ := set $sharing "prefix" . }}{{ end -}}
{{- if .passwordSecret }}{{ $_ := set $sharing "password" (dict "file" (printf "/etc/outrider/redis/%s" .passwordKey)) }}{{ end -}}
{{- $_ := set $config "sharing" $sharing -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* What the schema cannot see. Each fault names the value that is wrong and what to do. */}}
{{- define "outrider.checkGateway" -}}
{{- $gateway := .Values.gateway -}}
{{- $tls := $gateway.tls -}}
{{- include "outrider.checkResources" (list "gateway.resources" $gateway.resources) -}}
{{- if not (or $gateway.tokens.secretName $tls.clientCA.secretName $gateway.unauthenticated) -}}
{{- fail "gateway.enabled: whoever reaches the gateway would spend what your keys are good for: set gateway.tokens.secretName or gateway.tls.clientCA.secretName, or gateway.unauthenticated if that is meant so" -}}
{{- end -}}
{{- if and $tls.clientCA.secretName (not $tls.secretName) -}}
{{- fail "gateway.tls.clientCA.secretName is set and gateway.tls.secretName is not: callers are asked for certificates with TLS only" -}}
{{- end -}}
{{- if and $tls.names (not $tls.clientCA.secretName) -}}
{{- fail "gateway.tls.names is set and gateway.tls.clientCA.secretName is not: nobody is asked for a certificate" -}}
{{- end -}}
{{- if and $gateway.redis.passwordSecret (not $gateway.redis.address) -}}
{{- fail "gateway.redis.passwordSecret is set and gateway.redis.address is not" -}}
{{- end -}}
{{- if and $gateway.autoscaling.enabled (gt (int $gateway.autoscaling.minReplicas) (int $gateway.autoscaling.maxReplicas)) -}}
{{- fail (printf "gateway.autoscaling.minReplicas is %d, more than maxReplicas, which is %d" (int $gateway.autoscaling.minReplicas) (int $gateway.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- range $section := list "ops" "sharing" -}}
{{- if hasKey $gateway.config $section }}{{ fail (printf "gateway.config.%s: the chart writes it, see gateway.redis and the fixed port for probes" $section) }}{{ end -}}
{{- end -}}
{{- if hasKey ($gateway.config.drain | default dict) "grace" -}}
{{- fail "gateway.config.drain.grace: gateway.drain.graceSeconds says it, and the pod's own grace period follows it" -}}
{{- end -}}
{{- range $key, $_ := $gateway.config.listen -}}
{{- if not (has $key (list "body_limit" "header_limit")) }}{{ fail (printf "gateway.config.listen.%s: the chart writes it, see gateway.tokens and gateway.tls" $key) }}{{ end -}}
{{- end -}}
{{- end }}

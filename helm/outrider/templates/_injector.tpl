{{/* The arguments of `outrider injector` (docs/injector.md). */}}
{{- define "outrider.injectorArgs" -}}
{{- $name := include "outrider.injectorName" . -}}
{{- $injector := .Values.injector -}}
- injector
- --template=/etc/outrider/template/template.json
- --namespace={{ .Release.Namespace }}
- --service={{ $name }}
- --webhook={{ $name }}
- --port={{ int $injector.port }}
- --ops-port={{ int $injector.opsPort }}
- --log-level={{ $injector.logLevel }}
{{- if eq $injector.tls.mode "auto" }}
- --tls=auto
- --secret={{ include "outrider.tlsSecret" . }}
{{- else }}
- --tls=files
- --tls-dir=/etc/outrider/tls
{{- end }}
- --on-error={{ ternary "allow" "deny" (eq $injector.failurePolicy.pod "Ignore") }}
- {{ ternary "--events" "--no-events" $injector.events }}
{{- with $injector.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The names by which the API server calls the injector: those of its certificate. */}}
{{- define "outrider.injectorHosts" -}}
{{- $service := include "outrider.injectorName" . -}}
{{- $inNamespace := printf "%s.%s" $service .Release.Namespace -}}
{{- list $inNamespace (printf "%s.svc" $inNamespace) (printf "%s.svc.cluster.local" $inNamespace) $service | toJson -}}
{{- end }}

{{/*
The certificate of mode `helm`, {ca, crt, key} in base64: the one that this mode has put into the cluster, where it can be asked, else a new
one. A Secret of mode `auto` has the key of its authority in it, which must not get into a release. Rendered once and kept, for the Secret
and the webhook must agree.
*/}}
{{- define "outrider.helmCertificate" -}}
{{- if not (hasKey .Release "outriderCertificate") -}}
{{- $found := (lookup "v1" "Secret" .Release.Namespace (include "outrider.tlsSecret" .)).data | default dict -}}
{{- if or (hasKey $found "ca.key") (not (and (index $found "ca.crt") (index $found "tls.crt") (index $found "tls.key"))) -}}
{{- $hosts := include "outrider.injectorHosts" . | fromJsonArray -}}
{{- $days := int .Values.injector.tls.validityDays -}}
{{- $authority := genCA (include "outrider.injectorName" .) $days -}}
{{- $leaf := genSignedCert (first $hosts) nil $hosts $days $authority -}}
{{- $found = dict "ca.crt" (b64enc $authority.Cert) "tls.crt" (b64enc $leaf.Cert) "tls.key" (b64enc $leaf.Key) -}}
{{- end -}}
{{- $_ := set .Release "outriderCertificate" (pick $found "ca.crt" "tls.crt" "tls.key") -}}
{{- end -}}
{{- toJson .Release.outriderCertificate -}}
{{- end }}

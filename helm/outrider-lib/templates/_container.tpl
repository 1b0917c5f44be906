{{/*
The sidecar's container, as JSON, from `values` (image, sidecar, keys, injection): a native sidecar. The webhook, the policy,
`outrider inject` and the library's users all get this one. It sets no user (but in a pod of root) and no group, so that clusters which give
each namespace its own range take it; it never execs a probe, which would cost a Python interpreter each time.
*/}}
{{- define "outrider.container" -}}
{{- $ports := .sidecar.ports -}}
{{- if eq (int $ports.proxy) (int $ports.ops) }}{{ fail (printf "sidecar.ports.ops is %d, the same as sidecar.ports.proxy: they must differ" (int $ports.ops)) }}{{ end -}}
{{- $resources := include "outrider.overlaid" (dict "under" .sidecar.resources "over" (.injection.overlay.resources | default dict)) | fromJson -}}
{{- include "outrider.checkResources" (list "sidecar.resources" $resources) -}}
{{- include "outrider.checkPortVariables" (list "sidecar.extraEnv" .sidecar.extraEnv) -}}
{{- include "outrider.checkPortVariables" (list "injection.overlay.env" .injection.overlay.env) -}}
{{- $container := dict
  "name" "outrider"
  "image" (include "outrider.image" .)
  "imagePullPolicy" .image.pullPolicy
  "restartPolicy" "Always"
  "args" (list "serve" "--config" "/etc/outrider/config" "--keys" "/etc/outrider/keys")
  "env" (include "outrider.containerEnv" (dict "sidecar" .sidecar "resources" $resources) | fromJsonArray)
  "ports" (list (dict "name" "llm-metrics" "containerPort" (int $ports.ops) "protocol" "TCP"))
  "startupProbe" (include "outrider.probe" (list "/startupz" .sidecar.startupProbe) | fromJson)
  "readinessProbe" (include "outrider.probe" (list "/readyz" .sidecar.readinessProbe) | fromJson)
  "livenessProbe" (include "outrider.probe" (list "/livez" .sidecar.livenessProbe) | fromJson)
  "resources" $resources
  "securityContext" .sidecar.securityContext
  "terminationMessagePolicy" "FallbackToLogsOnError"
  "volumeMounts" (include "outrider.mounts" . | fromJsonArray)
-}}
{{- include "outrider.overlaid" (dict "under" $container "over" .injection.overlay) -}}
{{- end }}

{{/*
Whether the container, in a pod of root, needs a user of its own: else the kubelet would never start it. In other pods it gets
none. The user is the image's, 65532.
*/}}
{{- define "outrider.mustNotBeRoot" -}}
{{- $context := .securityContext | default dict -}}
{{- if and (eq (get $context "runAsNonRoot" | toString) "true") (not (hasKey $context "runAsUser")) }}yes{{ end -}}
{{- end }}

{{- define "outrider.probe" -}}
{{- merge (dict "httpGet" (dict "path" (index . 0) "port" "llm-metrics")) (index . 1) | toJson -}}
{{- end }}

{{/* The container's own variables. Who owns the pod (POD_WORKLOAD) is known only where the pod is. */}}
{{- define "outrider.containerEnv" -}}
{{- $env := list -}}
{{- range list (list "POD_NAME" "metadata.name") (list "POD_NAMESPACE" "metadata.namespace") (list "POD_UID" "metadata.uid") (list "NODE_NAME" "spec.nodeName") (list "POD_IPS" "status.podIPs") -}}
{{- $env = append $env (dict "name" (index . 0) "valueFrom" (dict "fieldRef" (dict "fieldPath" (index . 1)))) -}}
{{- end -}}
{{- $env = append $env (dict "name" "OUTRIDER_DRAIN" "value" "native") -}}
{{- if (.resources.limits | default dict).memory -}}
{{- $env = append $env (dict "name" "OUTRIDER_MEMORY_LIMIT" "valueFrom" (dict "resourceFieldRef" (dict "containerName" "outrider" "resource" "limits.memory"))) -}}
{{- end -}}
{{- $asked := list
  (list "OUTRIDER_LOG_LEVEL" .sidecar.logLevel "")
  (list "OUTRIDER_PORT" (.sidecar.ports.proxy | int | toString) "11411")
  (list "OUTRIDER_OPS_PORT" (.sidecar.ports.ops | int | toString) "11412")
  (list "HTTPS_PROXY" .sidecar.egressProxy.https "")
  (list "NO_PROXY" .sidecar.egressProxy.noProxy "")
  (list "SSL_CERT_FILE" (ternary (printf "/etc/outrider/ca/%s" .sidecar.caBundle.key) "" (ne .sidecar.caBundle.configMap "")) "")
-}}
{{- range $asked -}}
{{- if ne (index . 1) (index . 2) }}{{ $env = append $env (dict "name" (index . 0) "value" (index . 1)) }}{{ end -}}
{{- end -}}
{{- concat $env .sidecar.extraEnv | toJson -}}
{{- end }}

{{/*
What is laid over the container where the sidecar is an ordinary one (Kubernetes without native sidecars): null removes. It is the
first container; the kubelet starts the next one when postStart has ended, which waits until the sidecar is ready to serve.
*/}}
{{- define "outrider.classic" -}}
{{- $wait := "import os,socket,sys,time\nport=int(os.environ.get('OUTRIDER_OPS_PORT','11412'))\nend=time.monotonic()+60\nwhile time.monotonic()<end:\n  for host in ('127.0.0.1','::1'):\n    try:\n      with socket.create_connection((host,port),1) as s:\n        s.sendall(b'GET /startupz HTTP/1.0\\r\\n\\r\\n')\n        if b' 200 ' in s.recv(64): sys.exit(0)\n    except OSError: pass\n  time.sleep(0.05)\nsys.exit('the sidecar did not start within 60 s')\n" -}}
{{- dict
  "preStopSeconds" (int .sidecar.drain.classicPreStopSeconds)
  "container" (dict
    "restartPolicy" nil
    "lifecycle" (dict
      "postStart" (dict "exec" (dict "command" (list "/usr/bin/python3" "-I" "-S" "-c" $wait)))
      "preStop" (dict "sleep" (dict "seconds" (int .sidecar.drain.classicPreStopSeconds)))))
  | toJson -}}
{{- end }}

{{/*
(dict "root" . "template" <a pod template: metadata, spec> "workload" "name") -> the pod template with the sidecar in it, as YAML. The pod is what
the webhook makes of the same one. Annotations of the sidecar are refused: here values say what they would.
*/}}
{{- define "outrider.inject" -}}
{{- $template := include "outrider.valuesOf" . | fromJson | include "outrider.template" | fromJson -}}
{{- $pod := deepCopy .template -}}
{{- include "outrider.checkPod" (dict "pod" $pod "template" $template) -}}
{{- $spec := $pod.spec -}}
{{- $init := $spec.initContainers | default list -}}
{{- $ours := include "outrider.initContainer" . | fromYaml -}}
{{- $user := get ($spec.securityContext | default dict) "runAsUser" | toString -}}
{{- if and (eq $user "0") (include "outrider.mustNotBeRoot" $ours) -}}
{{- $_ := set $ours.securityContext "runAsUser" 65532 -}}
{{- end -}}
{{- $before := include "outrider.afterMesh" (dict "containers" $init) | int -}}
{{- $placed := list -}}
{{- range $index, $each := $init -}}
{{- if eq $index $before }}{{ $placed = append $placed $ours }}{{ end -}}
{{- $served := and $template.env.initContainers (ge $index $before) -}}
{{- $placed = append $placed (ternary (include "outrider.withEnv" (dict "container" $each "template" $template) | fromJson) $each $served) -}}
{{- end -}}
{{- if eq $before (len $init) }}{{ $placed = append $placed $ours }}{{ end -}}
{{- $containers := list -}}
{{- range $spec.containers }}{{ $containers = append $containers (include "outrider.withEnv" (dict "container" . "template" $template) | fromJson) }}{{ end -}}
{{- $_ := set $spec "initContainers" $placed -}}
{{- $_ := set $spec "containers" $containers -}}
{{- $_ := set $spec "volumes" (include "outrider.joined" (dict "under" ($spec.volumes | default list) "over" $template.volumes) | fromJsonArray) -}}
{{- with $template.imagePullSecrets -}}
{{- $_ := set $spec "imagePullSecrets" (include "outrider.joined" (dict "under" ($spec.imagePullSecrets | default list) "over" .) | fromJsonArray) -}}
{{- end -}}
{{- $metadata := $pod.metadata | default dict -}}
{{- $_ := set $metadata "labels" (merge (include "outrider.podLabels" . | fromYaml) ($metadata.labels | default dict)) -}}
{{- toYaml (set $pod "metadata" $metadata) -}}
{{- end }}

{{- define "outrider.checkPod" -}}
{{- $template := .template -}}
{{- range $key, $_ := (.pod.metadata | default dict).annotations -}}
{{- if and (hasPrefix (printf "%s/" $template.domain) $key) (ne $key (printf "%s/status" $template.domain)) }}{{ fail (printf "outrider.inject: the annotation %s is for injectors; set it under outrider-lib in the values" $key) }}{{ end -}}
{{- end -}}
{{- if .pod.spec.hostNetwork }}{{ fail "outrider.inject: the pod is on the node's network (hostNetwork), where every pod of the node could use its keys" }}{{ end -}}
{{- $nodes := .pod.spec.nodeSelector | default dict -}}
{{- if has "windows" (list (.pod.spec.os | default dict).name (get $nodes "kubernetes.io/os") (get $nodes "beta.kubernetes.io/os")) -}}
{{- fail "outrider.inject: the pod is for Windows (os.name or nodeSelector), and the sidecar runs on Linux" -}}
{{- end -}}
{{- range concat (.pod.spec.containers | default list) (.pod.spec.initContainers | default list) -}}
{{- $name := .name -}}
{{- if eq $name "outrider" }}{{ fail "outrider.inject: the pod has a container called outrider already" }}{{ end -}}
{{- range .ports -}}
{{- if has (int .containerPort) (list (int $template.port) (int $template.opsPort)) }}{{ fail (printf "outrider.inject: container %s has port %d, which is the sidecar's: set outrider-lib.sidecar.ports" $name (int .containerPort)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Containers of Istio and Linkerd, which come first: without them the pod has no network, or is not redirected yet. */}}
{{- define "outrider.mesh" -}}
["istio-init", "istio-validation", "istio-proxy", "linkerd-init", "linkerd-network-validator", "linkerd-proxy"]
{{- end }}

{{- define "outrider.afterMesh" -}}
{{- $mesh := include "outrider.mesh" . | fromJsonArray -}}
{{- $place := 0 -}}
{{- range $index, $each := .containers }}{{ if has $each.name $mesh }}{{ $place = add1 $index }}{{ end }}{{ end -}}
{{- $place -}}
{{- end }}

{{/* Items of `over` whose names `under` does not have, after it. */}}
{{- define "outrider.joined" -}}
{{- $names := dict -}}
{{- range .under }}{{ $_ := set $names .name true }}{{ end -}}
{{- $joined := .under -}}
{{- range .over }}{{ if not (hasKey $names .name) }}{{ $joined = append $joined . }}{{ end }}{{ end -}}
{{- toJson $joined -}}
{{- end }}

{{/*
What the schema cannot see: values that contradict each other, the cluster, or what else is in it. Each fault names the value
that is wrong and what to do.
*/}}
{{- define "outrider.checks" -}}
{{- include "outrider.checkVersions" . -}}
{{- include "outrider.checkInjection" . -}}
{{- include "outrider.checkInjector" . -}}
{{- include "outrider.checkSidecar" . -}}
{{- include "outrider.checkMonitoring" . -}}
{{- include "outrider.checkOthers" . -}}
{{- end }}

{{- define "outrider.checkVersions" -}}
{{- if ne (include "outrider.version" .) .Chart.Version -}}
{{- fail (printf "half upgraded: the chart is %s and charts/outrider-lib is %s. Run `helm dependency build`, or unpack the chart anew" .Chart.Version (include "outrider.version" .)) -}}
{{- end -}}
{{- if not (include "outrider.kubernetesAtLeast" (list . "1.25")) -}}
{{- fail (printf "kubernetesVersion: Kubernetes 1.25 or newer is needed and this is %s" (include "outrider.kubernetes" .)) -}}
{{- end -}}
{{- end }}

{{- define "outrider.checkInjection" -}}
{{- $here := include "outrider.kubernetes" . -}}
{{- if and (eq .Values.injection.mode "policy") (not (include "outrider.kubernetesAtLeast" (list . "1.34"))) -}}
{{- fail (printf "injection.mode is policy: a MutatingAdmissionPolicy needs Kubernetes 1.36, or 1.34 with its feature gate, and this is %s. Use webhook, or set kubernetesVersion if that is not the cluster's version" $here) -}}
{{- end -}}
{{- if and (eq .Values.injection.mode "policy") (eq .Values.injection.native "never") -}}
{{- fail "injection.native is never and injection.mode is policy: the policy injects native sidecars only. Use webhook" -}}
{{- end -}}
{{- if and (eq .Values.injection.native "always") (not (include "outrider.kubernetesAtLeast" (list . "1.29"))) -}}
{{- fail (printf "injection.native is always: native sidecars need Kubernetes 1.29, and this is %s. Use auto, or set kubernetesVersion if that is not the cluster's version" $here) -}}
{{- end -}}
{{- range $namespace := .Values.namespaces -}}
{{- if has $namespace $.Values.injection.excludedNamespaces }}{{ fail (printf "namespaces: %s is in injection.excludedNamespaces too: nothing would be injected there" $namespace) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "outrider.checkInjector" -}}
{{- $injector := .Values.injector -}}
{{- include "outrider.checkResources" (list "injector.resources" $injector.resources) -}}
{{- if eq (int $injector.port) (int $injector.opsPort) -}}
{{- fail (printf "injector.opsPort is %d, the same as injector.port: they must differ" (int $injector.port)) -}}
{{- end -}}
{{- $kept := $injector.pdb.minAvailable -}}
{{- if and (not (kindIs "string" $kept)) (gt (int $injector.replicas) 1) (ge (int $kept) (int $injector.replicas)) -}}
{{- fail (printf "injector.pdb.minAvailable is %d and injector.replicas %d: no node of theirs could ever be drained" (int $kept) (int $injector.replicas)) -}}
{{- end -}}
{{- if and $injector.hostNetwork (eq (int $injector.port) 10250) -}}
{{- fail "injector.hostNetwork: the kubelet has port 10250 on every node: set injector.port to another" -}}
{{- end -}}
{{- if and $injector.matchConditions (not (include "outrider.kubernetesAtLeast" (list . "1.28"))) -}}
{{- fail (printf "injector.matchConditions need Kubernetes 1.28, and this is %s" (include "outrider.kubernetes" .)) -}}
{{- end -}}
{{- if and (eq $injector.tls.mode "secret") (not $injector.tls.secretName) -}}
{{- fail "injector.tls.mode is secret: injector.tls.secretName must name the Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and (ne $injector.tls.mode "secret") (or $injector.tls.secretName $injector.tls.caBundle) -}}
{{- fail (printf "injector.tls.secretName and injector.tls.caBundle are of mode secret, and injector.tls.mode is %s" $injector.tls.mode) -}}
{{- end -}}
{{- end }}

{{- define "outrider.checkSidecar" -}}
{{- $listen := .Values.config.data.listen | default dict -}}
{{- $ops := .Values.config.data.ops | default dict -}}
{{- if and $listen.port (ne (int $listen.port) (int .Values.sidecar.ports.proxy)) -}}
{{- fail (printf "config.data.listen.port is %d and sidecar.ports.proxy %d: set the port there, so that the variables of applications agree" (int $listen.port) (int .Values.sidecar.ports.proxy)) -}}
{{- end -}}
{{- if and $ops.port (ne (int $ops.port) (int .Values.sidecar.ports.ops)) -}}
{{- fail (printf "config.data.ops.port is %d and sidecar.ports.ops %d: set the port there, so that the probes agree" (int $ops.port) (int .Values.sidecar.ports.ops)) -}}
{{- end -}}
{{- if and .Values.keys.data (not .Values.keys.create) -}}
{{- fail "keys.data is set and keys.create is not: the chart would make no Secret of it" -}}
{{- end -}}
{{- if and .Values.keys.create (ne .Values.keys.source "secret") -}}
{{- fail (printf "keys.create: keys.source is %s, which reads no Secret" .Values.keys.source) -}}
{{- end -}}
{{- if and (or .Values.keys.create .Values.networkPolicy.workloads.enabled) (not .Values.namespaces) -}}
{{- fail "namespaces is empty: keys.create and networkPolicy.workloads.enabled need the namespaces of the pods" -}}
{{- end -}}
{{- end }}

{{- define "outrider.checkMonitoring" -}}
{{- $asked := dict "podMonitor" "PodMonitor" "prometheusRule" "PrometheusRule" -}}
{{- range $value, $kind := $asked -}}
{{- if and (get $.Values.monitoring $value).enabled (not $.Values.monitoring.force) (not ($.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" $kind))) -}}
{{- fail (printf "monitoring.%s.enabled: this cluster has no %s (monitoring.coreos.com/v1): install the Prometheus operator's CRDs first, or set monitoring.force where Helm cannot ask the cluster" $value $kind) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Two injectors that answer to the same labels would undo each other's work. Without a cluster, lookup finds nothing. */}}
{{- define "outrider.checkOthers" -}}
{{- if and .Values.injection.checkOthers (ne .Values.injection.mode "none") -}}
{{- range $found := list "v1/MutatingWebhookConfiguration" "v1/MutatingAdmissionPolicyBinding" "v1beta1/MutatingAdmissionPolicyBinding" -}}
{{- $kind := printf "admissionregistration.k8s.io/%s" $found -}}
{{- if $.Capabilities.APIVersions.Has $kind -}}
{{- range (lookup (dir $kind) (base $kind) "" "").items -}}
{{- include "outrider.checkOther" (dict "root" $ "other" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "outrider.checkOther" -}}
{{- $metadata := .other.metadata -}}
{{- $notes := $metadata.annotations | default dict -}}
{{- $release := printf "%s/%s" (get $notes "meta.helm.sh/release-namespace") (get $notes "meta.helm.sh/release-name") -}}
{{- $ours := eq $release (printf "%s/%s" .root.Release.Namespace .root.Release.Name) -}}
{{- $outrider := eq (get ($metadata.labels | default dict) "app.kubernetes.io/part-of") "outrider" -}}
{{- $domain := .root.Values.injection.domain -}}
{{- if and $outrider (not $ours) (contains (printf "%s/inject" $domain | quote) (toJson .other)) -}}
{{- fail (printf "the release %s injects for %s already (%s %s): uninstall it, or set injection.domain to another name" $release $domain .other.kind $metadata.name) -}}
{{- end -}}
{{- end }}

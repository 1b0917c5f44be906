{{/*
What both policies read of a pod, as variables of CEL. The rules and their words are those of the injector: docs/injection.md.
From $.
*/}}
{{- define "outrider.policyVariables" -}}
{{- $template := include "outrider.template" .Values | fromJson -}}
{{- $domain := .Values.injection.domain -}}
{{- $names := include "outrider.policyAnnotations" . | fromYaml | keys | sortAlpha -}}
- name: notes
  expression: "has(object.metadata.annotations) ? object.metadata.annotations : {}"
- name: labels
  expression: "has(object.metadata.labels) ? object.metadata.labels : {}"
# The namespace's annotations are defaults for those that the pod does not have.
- name: defaults
  expression: "has(namespaceObject.metadata.annotations) ? namespaceObject.metadata.annotations : {}"
- name: said
  expression: >-
    {{ include "outrider.celStrings" $names }}
    .filter(name, ('{{ $domain }}/' + name) in variables.notes || ('{{ $domain }}/' + name) in variables.defaults)
    .transformMapEntry(index, name, {name: string(('{{ $domain }}/' + name) in variables.notes
    ? variables.notes['{{ $domain }}/' + name] : variables.defaults['{{ $domain }}/' + name]).trim()})
- name: init
  expression: "has(object.spec.initContainers) ? object.spec.initContainers : []"
- name: others
  expression: "(variables.init + object.spec.containers).filter(c, c.name != 'outrider')"
- name: own
  expression: "(variables.init + object.spec.containers).filter(c, c.name == 'outrider')"
- name: injected
  expression: "variables.labels[?'{{ $domain }}/injected'].orValue('') == 'true'"
- name: unreadable
  expression: >-
    variables.notes.filter(key, key.startsWith('{{ $domain }}/')
    && !(key.substring({{ add (len $domain) 1 }}) in {{ include "outrider.celStrings" (append $names "status") }}))
    .map(key, 'annotation ' + key + ' is not known; allowed: {{ join ", " $names }}')
    + {{ include "outrider.policyFaults" (list . "variables.said" true) | nindent 4 | trim }}
- name: port
  expression: "size(variables.unreadable) == 0 && 'port' in variables.said ? int(variables.said['port']) : {{ $template.port }}"
- name: opsPort
  expression: "size(variables.unreadable) == 0 && 'ops-port' in variables.said ? int(variables.said['ops-port']) : {{ $template.opsPort }}"
- name: providers
  expression: >-
    'providers' in variables.said ? variables.said['providers'].split(',').map(p, p.trim())
    : {{ include "outrider.celStrings" $template.env.providers }}
# What the container asks for: the template's, and the annotations' in its stead. Of a bad quantity nothing is made.
{{- range $section := list "limits" "requests" }}
- name: {{ $section }}
  expression: >-
    size(variables.unreadable) > 0 ? {} : {{ include "outrider.resourceNames" (get $template.container.resources $section) }}
    .filter(name, name in {{ include "outrider.cel" (get $template.container.resources $section | default dict) }}
    || (name + '-{{ trimSuffix "s" $section }}') in variables.said)
    .transformMapEntry(index, name, {name: (name + '-{{ trimSuffix "s" $section }}') in variables.said
    ? dyn(variables.said[name + '-{{ trimSuffix "s" $section }}'])
    : {{ include "outrider.cel" (get $template.container.resources $section | default dict) }}[name]})
{{- end }}
- name: impossible
  expression: >-
    variables.providers.filter(p, !(p in {{ include "outrider.celStrings" (keys $template.env.variables | sortAlpha) }}))
    .map(p, 'annotation {{ $domain }}/providers names \'' + p + '\'; allowed: {{ keys $template.env.variables | sortAlpha | join ", " }}')
    + ('native' in variables.said && variables.said['native'] == 'never'
    ? ['annotation {{ $domain }}/native is \'never\': the policy injects native sidecars only; injection.mode webhook can'] : [])
    {{- if ne .Values.keys.source "secret" }}
    + ('keys-secret' in variables.said
    ? ['annotation {{ $domain }}/keys-secret has no place here: the keys come from no Secret (keys.source)'] : [])
    {{- end }}
    + ['cpu', 'memory'].filter(name, (name + '-request') in variables.said && name in variables.limits
    && quantity(string(variables.requests[name])).isGreaterThan(quantity(string(variables.limits[name]))))
    .map(name, 'annotation {{ $domain }}/' + name + '-request is \'' + string(variables.requests[name]) + '\', above the limit of '
    + string(variables.limits[name]) + '; {{ $domain }}/' + name + '-limit raises it')
    + (variables.port == variables.opsPort
    ? ['annotations {{ $domain }}/port and {{ $domain }}/ops-port are both ' + string(variables.port) + '; allowed: two different ports'] : [])
    + variables.others.filter(c, has(c.ports) && c.ports.exists(p, p.containerPort in [variables.port, variables.opsPort]))
    .map(c, 'container \'' + c.name + '\' has a containerPort of container \'outrider\'; the annotations '
    + '{{ $domain }}/port and {{ $domain }}/ops-port give it others')
    + (size(variables.own) > 0 && !variables.injected
    ? ['the pod has a container \'outrider\' of its own; the policy cannot lay it over ours, injection.mode webhook can'] : [])
# Left alone: whatever runs on the node could call a sidecar there, which has the keys.
- name: onHost
  expression: >-
    has(object.spec.hostNetwork) && object.spec.hostNetwork
    && variables.said[?'allow-host-network'].orValue('') != 'true'
{{- end }}

{{/* Of a section of the template's resources: its names and those that annotations can set. */}}
{{- define "outrider.resourceNames" -}}
{{- $names := dict "cpu" true "memory" true -}}
{{- range $name, $_ := . }}{{ $_ := set $names $name true }}{{ end -}}
{{- include "outrider.celStrings" (keys $names | sortAlpha) -}}
{{- end }}

{{/* Pods that are left alone whatever they say. */}}
{{- define "outrider.policyConditions" -}}
- name: not-a-mirror
  expression: "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
- name: not-windows
  expression: >-
    !(has(object.spec.os) && object.spec.os.name == 'windows') && !(has(object.spec.nodeSelector)
    && ['kubernetes.io/os', 'beta.kubernetes.io/os'].exists(key, object.spec.nodeSelector[?key].orValue('') == 'windows'))
{{- end }}

{{- define "outrider.policyConstraints" -}}
matchPolicy: Equivalent
{{- with .Values.injection.excludedNamespaces }}
namespaceSelector:
  matchExpressions:
    - {key: kubernetes.io/metadata.name, operator: NotIn, values: {{ toJson . }}}
{{- end }}
resourceRules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}
{{- end }}

{{/*
Two bindings that exclude each other, as the webhook's two entries do: the pod asked, or its namespace did and the pod is silent.
From (list $ kind apiVersion policy-name actions).
*/}}
{{- define "outrider.policyBindings" -}}
{{- $root := index . 0 -}}
{{- $actions := index . 4 -}}
{{- $domain := $root.Values.injection.domain -}}
{{- $asked := dict "key" (printf "%s/inject" $domain) "operator" "In" "values" (list "true") -}}
{{- $silent := dict "key" (printf "%s/inject" $domain) "operator" "DoesNotExist" -}}
{{- $enabled := dict "key" (printf "%s/injection" $domain) "operator" "In" "values" (list "enabled") -}}
{{- $entries := list (dict "name" "pod" "match" (dict "objectSelector" (dict "matchExpressions" (list $asked)))) -}}
{{- if eq $root.Values.injection.defaultSelector "labels+namespaces" -}}
{{- $match := dict "objectSelector" (dict "matchExpressions" (list $silent)) "namespaceSelector" (dict "matchExpressions" (list $enabled)) -}}
{{- $entries = append $entries (dict "name" "namespace" "match" $match) -}}
{{- end -}}
{{- $kind := index . 1 -}}
{{- $version := index . 2 -}}
{{- $policy := index . 3 -}}
{{- range $entries }}
---
apiVersion: {{ $version }}
kind: {{ $kind }}
metadata:
  name: {{ $policy }}-{{ .name }}
  labels:
    {{- include "outrider.labels" $root | nindent 4 }}
    app.kubernetes.io/component: policy
spec:
  policyName: {{ $policy }}
  {{- with $actions }}
  validationActions: {{ toJson . }}
  {{- end }}
  matchResources: {{- toYaml .match | nindent 4 }}
{{- end }}
{{- end }}

{{/*
What the policy puts into a pod, as variables of CEL, from (list $ template): the same as the injector's, in the same order.
*/}}
{{- define "outrider.policyInjection" -}}
{{- $template := index . 1 -}}
{{- $env := $template.env -}}
- name: wanted
  expression: "size(variables.unreadable) == 0 && size(variables.impossible) == 0 && !variables.onHost"
# Meshes' containers stay first: without them the pod has no network, or is not redirected yet.
- name: mesh
  expression: "['istio-init', 'istio-validation', 'istio-proxy', 'linkerd-init', 'linkerd-network-validator', 'linkerd-proxy']"
- name: place
  expression: "([-1] + variables.init.transformList(i, c, c.name in variables.mesh, i)).map(i, i + 1).max()"
- name: workload
  expression: >-
    has(object.metadata.ownerReferences) && size(object.metadata.ownerReferences) > 0
    ? (object.metadata.ownerReferences.filter(o, has(o.controller) && o.controller) + object.metadata.ownerReferences)
    .map(o, o.kind == 'ReplicaSet' && variables.labels[?'pod-template-hash'].orValue('') != ''
    && o.name.endsWith('-' + variables.labels['pod-template-hash'])
    ? o.name.substring(0, o.name.size() - variables.labels['pod-template-hash'].size() - 1)
    : o.kind == 'Job' && o.name.matches('-[0-9]{8,10}$') ? o.name.substring(0, o.name.lastIndexOf('-')) : o.name)[0]
    : has(object.metadata.generateName) && !(object.metadata.generateName in ['', '-'])
    ? (object.metadata.generateName.endsWith('-')
    ? object.metadata.generateName.substring(0, object.metadata.generateName.size() - 1) : object.metadata.generateName)
    : has(object.metadata.name) ? object.metadata.name : ''
- name: root
  expression: "has(object.spec.securityContext) && object.spec.securityContext.?runAsUser.orValue(1) == 0"
- name: mode
  expression: "variables.said[?'env'].orValue('{{ $env.mode }}')"
- name: only
  expression: {{ include "outrider.policyNames" (list "env-containers" $env.containers) }}
- name: skip
  expression: {{ include "outrider.policyNames" (list "env-skip-containers" $env.skipContainers) }}
# The variables of the pod's providers, in their order.
- name: rows
  expression: >-
    {{ include "outrider.policyRows" $env.variables }}
    .filter(row, variables.mode != 'off' && row.provider in variables.providers)
- name: loopbacks
  expression: "variables.mode != 'off' && {{ eq $env.noProxy "auto" }}"
{{- range $list := list "containers" "initContainers" }}
{{ include "outrider.policyEnv" $list }}
{{- end }}
- name: asked
  expression: >-
    [{'name': 'POD_WORKLOAD', 'value': string(variables.workload)}]
    + ('log-level' in variables.said ? [{'name': 'OUTRIDER_LOG_LEVEL', 'value': variables.said['log-level']}] : [])
    + ('port' in variables.said ? [{'name': 'OUTRIDER_PORT', 'value': variables.said['port']}] : [])
    + ('ops-port' in variables.said ? [{'name': 'OUTRIDER_OPS_PORT', 'value': variables.said['ops-port']}] : [])
- name: env
  expression: >-
    {{ include "outrider.cel" $template.container.env }}
    .map(e, variables.asked.exists(a, a.name == e.name) ? dyn(variables.asked.filter(a, a.name == e.name)[0]) : dyn(e))
    + dyn(variables.asked).filter(a, !{{ include "outrider.celStrings" (include "outrider.names" $template.container.env | fromJsonArray) }}.exists(n, n == a.name))
    {{- if not (has "OUTRIDER_MEMORY_LIMIT" (include "outrider.names" $template.container.env | fromJsonArray)) }}
    + ('memory' in variables.limits ? [{{ include "outrider.cel" (dict "name" "OUTRIDER_MEMORY_LIMIT" "valueFrom" (dict "resourceFieldRef" (dict "containerName" "outrider" "resource" "limits.memory"))) }}] : [])
    {{- end }}
{{- end }}

{{- define "outrider.names" -}}
{{- $names := list }}{{ range . }}{{ $names = append $names .name }}{{ end -}}
{{ toJson $names }}
{{- end }}

{{- define "outrider.policyNames" -}}
{{ printf "'%s' in variables.said ? variables.said['%s'].split(',').map(name, name.trim()) : %s" (index . 0) (index . 0) (include "outrider.celStrings" (index . 1)) | toJson }}
{{- end }}

{{/* The table of variables as one list, the providers by their names; a name that two have would be injected twice. */}}
{{- define "outrider.policyRows" -}}
{{- $rows := list -}}
{{- $seen := dict -}}
{{- range $provider := keys . | sortAlpha -}}
{{- range $row := get $ $provider -}}
{{- if hasKey $seen $row.name }}{{ fail (printf "the table of variables has %s twice" $row.name) }}{{ end -}}
{{- $_ := set $seen $row.name true -}}
{{- $rows = append $rows (dict "provider" $provider "name" $row.name "value" $row.value "unless" ($row.unless | default list)) -}}
{{- end -}}
{{- end -}}
{{ include "outrider.cel" $rows }}
{{- end }}

{{/*
The variables that each container of a list (containers, initContainers) ends up with: variables.containersEnv. In steps, because
CEL has no names within an expression: what is kept of the container's own, and then ours before it.
*/}}
{{- define "outrider.policyEnv" -}}
{{- $init := eq . "initContainers" -}}
{{- $list := ternary "variables.init" "object.spec.containers" $init -}}
{{- $proxies := "['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']" -}}
- name: {{ . }}Kept
  expression: >-
    {{ $list }}.map(c, (has(c.env) ? c.env : [])
    .filter(e, variables.mode != 'override' || !variables.rows.exists(row, row.name == e.name)))
- name: {{ . }}Ours
  expression: >-
    variables.{{ . }}Kept.map(kept, dyn(variables.rows
    .filter(row, !kept.exists(e, e.name == row.name || e.name in row.unless))
    .map(row, {'name': string(row.name), 'value': string(row.value).replace('{port}', string(variables.port))})
    + (variables.loopbacks && kept.exists(e, e.name in {{ $proxies }}) && !kept.exists(e, e.name in ['NO_PROXY', 'no_proxy'])
    ? ['NO_PROXY', 'no_proxy'].map(n, {'name': n, 'value': '127.0.0.1,localhost,::1'}) : [])))
- name: {{ . }}Rest
  expression: >-
    variables.{{ . }}Kept.map(kept, !variables.loopbacks || !kept.exists(e, e.name in {{ $proxies }}) ? dyn(kept)
    : dyn(kept.map(e, !(e.name in ['NO_PROXY', 'no_proxy']) || has(e.valueFrom) ? dyn(e)
    : dyn([(has(e.value) ? string(e.value) : '').split(',').map(part, part.trim())].map(listed,
    '*' in listed || ['127.0.0.1', 'localhost', '::1'].all(name, name in listed) ? dyn(e)
    : dyn({'name': string(e.name), 'value': (listed.filter(part, part != '')
    + ['127.0.0.1', 'localhost', '::1'].filter(name, !(name in listed))).join(',')}))[0]))))
- name: {{ . }}Env
  expression: >-
    {{ $list }}.transformList(i, c, c.name == 'outrider' || c.name in variables.mesh || c.name in variables.skip
    || (size(variables.only) > 0 && !(c.name in variables.only)) {{ if $init }}|| i < variables.place {{ end }}
    ? dyn(has(c.env) ? c.env : []) : dyn(variables.{{ . }}Ours[i] + variables.{{ . }}Rest[i]))
{{- end }}

{{/* The operations themselves, from (list $ template). None where nothing is wanted: the other policy refuses. */}}
{{- define "outrider.policyOperations" -}}
{{- $root := index . 0 -}}
{{- $template := index . 1 -}}
{{- $domain := $root.Values.injection.domain -}}
!variables.wanted ? [] : (
{{- range $list := list "containers" "initContainers" }}
{{- if or (eq $list "containers") $template.env.initContainers }}
{{- $containers := ternary "variables.init" "object.spec.containers" (eq $list "initContainers") }}
{{ $containers }}.transformList(i, c, variables.{{ $list }}Env[i] != (has(c.env) ? c.env : []),
JSONPatch{op: 'add', path: '/spec/{{ $list }}/' + string(i) + '/env', value: variables.{{ $list }}Env[i]}) +
{{- end }}
{{- end }}
(size(variables.own) > 0 ? [] :
(has(object.metadata.labels) ? [] : [JSONPatch{op: 'add', path: '/metadata/labels', value: {}}])
+ (has(object.metadata.annotations) ? [] : [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}])
+ [JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('{{ $domain }}/injected'), value: 'true'},
JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('{{ $domain }}/status'),
value: '{"mode":"policy","native":true,"opsPort":' + string(variables.opsPort) + ',"port":' + string(variables.port) + ',"providers":["' + variables.providers.sort().join('","') + '"],"version":"{{ $template.chart }}"}'}]
+ (has(object.spec.volumes) ? [] : [JSONPatch{op: 'add', path: '/spec/volumes', value: []}])
{{- range $volume := $template.volumes }}
+ (has(object.spec.volumes) && object.spec.volumes.exists(v, v.name == '{{ $volume.name }}') ? [] :
[JSONPatch{op: 'add', path: '/spec/volumes/-', value: {{ include "outrider.policyVolume" $volume }}}])
{{- end }}
{{- if $template.imagePullSecrets }}
+ (has(object.spec.imagePullSecrets) ? [] : [JSONPatch{op: 'add', path: '/spec/imagePullSecrets', value: []}])
{{- range $secret := $template.imagePullSecrets }}
+ (has(object.spec.imagePullSecrets) && object.spec.imagePullSecrets.exists(s, s.name == '{{ $secret.name }}') ? [] :
[JSONPatch{op: 'add', path: '/spec/imagePullSecrets/-', value: {{ include "outrider.cel" $secret }}}])
{{- end }}
{{- end }}
+ ('termination-grace-period-seconds' in variables.said && int(variables.said['termination-grace-period-seconds'])
> (has(object.spec.terminationGracePeriodSeconds) ? object.spec.terminationGracePeriodSeconds : 30)
? [JSONPatch{op: 'add', path: '/spec/terminationGracePeriodSeconds', value: int(variables.said['termination-grace-period-seconds'])}] : [])
+ (has(object.spec.initContainers) ? [] : [JSONPatch{op: 'add', path: '/spec/initContainers', value: []}])
+ [JSONPatch{op: 'add', path: '/spec/initContainers/' + string(variables.place), value: {{ include "outrider.policyContainer" $template }}}]))
{{- end }}

{{/* The template's container; its variables and its port are the pod's own. */}}
{{- define "outrider.policyContainer" -}}
{{- $container := deepCopy .container -}}
{{- $_ := set $container "env" (dict "$cel" "variables.env") -}}
{{- $resources := $container.resources | default dict -}}
{{- $_ := set $resources "limits" (dict "$cel" "variables.limits") -}}
{{- $_ := set $resources "requests" (dict "$cel" "variables.requests") -}}
{{- $_ := set $container "resources" $resources -}}
{{- range $port := $container.ports -}}
{{- if eq $port.name "llm-metrics" }}{{ $_ := set $port "containerPort" (dict "$cel" "variables.opsPort") }}{{ end -}}
{{- end -}}
{{- if include "outrider.mustNotBeRoot" $container -}}
{{- $own := merge (dict "runAsUser" 65532) $container.securityContext -}}
{{- $cel := printf "variables.root ? %s : %s" (include "outrider.cel" $own) (include "outrider.cel" $container.securityContext) -}}
{{- $_ := set $container "securityContext" (dict "$cel" $cel) -}}
{{- end -}}
{{- include "outrider.cel" $container -}}
{{- end }}

{{/* A volume of the template; the pod may name its own ConfigMap and Secret. */}}
{{- define "outrider.policyVolume" -}}
{{- $volume := deepCopy . -}}
{{- $said := "variables.said[?'%s'].orValue('%s')" -}}
{{- if and (eq .name "outrider-config") .configMap -}}
{{- $_ := set $volume.configMap "name" (dict "$cel" (printf $said "config" .configMap.name)) -}}
{{- else if and (eq .name "outrider-keys") .secret -}}
{{- $_ := set $volume.secret "secretName" (dict "$cel" (printf $said "keys-secret" .secret.secretName)) -}}
{{- end -}}
{{- include "outrider.cel" $volume -}}
{{- end }}

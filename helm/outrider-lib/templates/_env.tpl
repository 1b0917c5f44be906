{{/* `container` with its variables, as JSON. Ours come first, for `$(NAME)` looks backwards only. */}}
{{- define "outrider.withEnv" -}}
{{- $env := .template.env -}}
{{- $name := .container.name -}}
{{- $skipped := or (has $name (include "outrider.mesh" . | fromJsonArray)) (has $name $env.skipContainers) -}}
{{- $listed := or (not $env.containers) (has $name $env.containers) -}}
{{- $container := deepCopy .container -}}
{{- if and $listed (not $skipped) -}}
{{- $given := include "outrider.given" (dict "env" (.container.env | default list) "template" .template) | fromJsonArray -}}
{{- if $given }}{{ $_ := set $container "env" $given }}{{ end -}}
{{- end -}}
{{- toJson $container -}}
{{- end }}

{{/* What a container with the variables `env` has after it got the template's, as JSON. */}}
{{- define "outrider.given" -}}
{{- $template := .template -}}
{{- $rows := include "outrider.rows" $template | fromJsonArray -}}
{{- $names := dict -}}
{{- range $rows }}{{ $_ := set $names .name true }}{{ end -}}
{{- $kept := list -}}
{{- $present := dict -}}
{{- range .env -}}
{{- if not (and (eq $template.env.mode "override") (hasKey $names .name)) -}}
{{- $kept = append $kept . -}}
{{- $_ := set $present .name true -}}
{{- end -}}
{{- end -}}
{{- $ours := list -}}
{{- range $rows -}}
{{- $absent := not (hasKey $present .name) -}}
{{- range .unless }}{{ if hasKey $present . }}{{ $absent = false }}{{ end }}{{ end -}}
{{- if $absent }}{{ $ours = append $ours (dict "name" .name "value" .value) }}{{ end -}}
{{- end -}}
{{- if and (ne $template.env.mode "off") (eq $template.env.noProxy "auto") -}}
{{- include "outrider.aroundProxies" (dict "kept" $kept "ours" $ours "present" $present) -}}
{{- else -}}
{{- concat $ours $kept | toJson -}}
{{- end -}}
{{- end }}

{{/* The template's variables of its providers, one after the other by name; a name counts once. */}}
{{- define "outrider.rows" -}}
{{- $rows := list -}}
{{- $seen := dict -}}
{{- $port := toString (int .port) -}}
{{- if ne .env.mode "off" -}}
{{- $asked := .env.providers -}}
{{- range $provider, $variables := .env.variables -}}
{{- if has $provider $asked -}}
{{- range $variables -}}
{{- if not (hasKey $seen .name) -}}
{{- $rows = append $rows (dict "name" .name "value" (.value | replace "{port}" $port) "unless" (.unless | default list)) -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $rows -}}
{{- end }}

{{/* Where the container sets a proxy: the loopback addresses in NO_PROXY, in both spellings, for clients have no exception for them. */}}
{{- define "outrider.aroundProxies" -}}
{{- $present := .present -}}
{{- $proxied := false -}}
{{- range list "HTTP_PROXY" "HTTPS_PROXY" "ALL_PROXY" "http_proxy" "https_proxy" "all_proxy" }}{{ if hasKey $present . }}{{ $proxied = true }}{{ end }}{{ end -}}
{{- $ours := .ours -}}
{{- $kept := list -}}
{{- if and $proxied (not (or (hasKey $present "NO_PROXY") (hasKey $present "no_proxy"))) -}}
{{- range list "NO_PROXY" "no_proxy" }}{{ $ours = append $ours (dict "name" . "value" "127.0.0.1,localhost,::1") }}{{ end -}}
{{- end -}}
{{- range .kept -}}
{{- if and $proxied (has .name (list "NO_PROXY" "no_proxy")) (not (hasKey . "valueFrom")) -}}
{{- $kept = append $kept (include "outrider.withLoopbacks" . | fromJson) -}}
{{- else -}}
{{- $kept = append $kept . -}}
{{- end -}}
{{- end -}}
{{- concat $ours $kept | toJson -}}
{{- end }}

{{- define "outrider.withLoopbacks" -}}
{{- $listed := list -}}
{{- range splitList "," (.value | default "") }}{{ with trim . }}{{ $listed = append $listed . }}{{ end }}{{ end -}}
{{- $all := $listed -}}
{{- range list "127.0.0.1" "localhost" "::1" }}{{ if not (has . $listed) }}{{ $all = append $all . }}{{ end }}{{ end -}}
{{- $same := or (has "*" $listed) (eq (len $all) (len $listed)) -}}
{{- ternary . (merge (dict "value" (join "," $all)) .) $same | toJson -}}
{{- end }}

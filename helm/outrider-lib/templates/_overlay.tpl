{{/*
`over` laid over `under`, as JSON, as a strategic merge does it: members of mappings one by one, lists whose items have names by
their names (mounts by their paths), everything else replaced. What null would remove is not here: Helm drops nulls from values.
*/}}
{{- define "outrider.overlaid" -}}
{{- $result := deepCopy .under -}}
{{- range $name, $over := .over -}}
{{- $under := get $result $name -}}
{{- if and (kindIs "map" $over) (kindIs "map" $under) -}}
{{- $_ := set $result $name (include "outrider.overlaid" (dict "under" $under "over" $over) | fromJson) -}}
{{- else if and (kindIs "slice" $over) (kindIs "slice" $under) (has $name (list "env" "ports" "volumeMounts")) -}}
{{- $_ := set $result $name (include "outrider.overlaidList" (dict "under" $under "over" $over "key" (ternary "mountPath" "name" (eq $name "volumeMounts"))) | fromJsonArray) -}}
{{- else -}}
{{- $_ := set $result $name $over -}}
{{- end -}}
{{- end -}}
{{- toJson $result -}}
{{- end }}

{{/* An item with the same `key` is replaced where it stands; others follow. */}}
{{- define "outrider.overlaidList" -}}
{{- $key := .key -}}
{{- $over := dict -}}
{{- range .over }}{{ $_ := set $over (get . $key) . }}{{ end -}}
{{- $result := list -}}
{{- $seen := dict -}}
{{- range .under }}{{ $result = append $result (get $over (get . $key) | default .) }}{{ $_ := set $seen (get . $key) true }}{{ end -}}
{{- range .over }}{{ if not (hasKey $seen (get . $key)) }}{{ $result = append $result . }}{{ end }}{{ end -}}
{{- toJson $result -}}
{{- end }}

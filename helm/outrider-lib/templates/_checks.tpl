{{/* (list "the value's name" <list of variables>): the ports are said in one place, so that probes and applications agree with them. */}}
{{- define "outrider.checkPortVariables" -}}
{{- $value := index . 0 -}}
{{- range index . 1 -}}
{{- if has .name (list "OUTRIDER_PORT" "OUTRIDER_OPS_PORT") }}{{ fail (printf "%s: %s is what sidecar.ports says" $value .name) }}{{ end -}}
{{- end -}}
{{- end }}

{{/* (list "the value's name" <resources>): what asks for more than it may have is refused by the API server, pod by pod. */}}
{{- define "outrider.checkResources" -}}
{{- $value := index . 0 -}}
{{- $requests := (index . 1).requests | default dict -}}
{{- range $name, $limit := (index . 1).limits -}}
{{- if hasKey $requests $name -}}
{{- $request := get $requests $name -}}
{{- if gt (include "outrider.amount" $request | float64) (include "outrider.amount" $limit | float64) -}}
{{- fail (printf "%s: %s is requested at %v and limited to %v" $value $name $request $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A quantity of Kubernetes as a number. `E` is a unit where no digits follow it. */}}
{{- define "outrider.amount" -}}
{{- $units := dict "" 1.0 "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 -}}
{{- $units = merge $units (dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0) -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $text -}}
{{- mulf (float64 $number) (get $units (trimPrefix $number $text)) -}}
{{- end }}

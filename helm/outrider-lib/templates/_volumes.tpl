{{/*
The pod's volumes and where the container mounts them, as JSON. The configuration and the keys are whole directories, never
subPath, so that a change of the object reaches the running sidecar. `outrider-noapi` is empty and stands where the service
account's token would be: the API server leaves a path alone that is mounted already.
*/}}
{{- define "outrider.podVolumes" -}}
{{- $volumes := list
  (dict "name" "outrider-config" "configMap" (dict "name" .config.name "optional" true))
  (include "outrider.keysVolume" . | fromJson)
  (dict "name" "outrider-noapi" "emptyDir" (dict "medium" "Memory" "sizeLimit" "1Mi"))
-}}
{{- with .sidecar.caBundle.configMap -}}
{{- $volumes = append $volumes (dict "name" "outrider-ca" "configMap" (dict "name" .)) -}}
{{- end -}}
{{- concat $volumes .sidecar.extraVolumes | toJson -}}
{{- end }}

{{- define "outrider.keysVolume" -}}
{{- if eq .keys.source "csi" -}}
{{- if not (and .keys.csi.driver .keys.csi.secretProviderClass) }}{{ fail "keys.source is csi: keys.csi.driver and keys.csi.secretProviderClass must say which" }}{{ end -}}
{{- dict "name" "outrider-keys" "csi" (dict "driver" .keys.csi.driver "readOnly" true "volumeAttributes" (dict "secretProviderClass" .keys.csi.secretProviderClass)) | toJson -}}
{{- else -}}
{{- dict "name" "outrider-keys" "secret" (dict "secretName" .keys.secretName "optional" true "defaultMode" 292) | toJson -}}
{{- end -}}
{{- end }}

{{- define "outrider.mounts" -}}
{{- $mounts := list
  (dict "name" "outrider-config" "mountPath" "/etc/outrider/config" "readOnly" true)
  (dict "name" "outrider-keys" "mountPath" "/etc/outrider/keys" "readOnly" true)
  (dict "name" "outrider-noapi" "mountPath" "/var/run/secrets/kubernetes.io/serviceaccount" "readOnly" true)
-}}
{{- if .sidecar.caBundle.configMap -}}
{{- $mounts = append $mounts (dict "name" "outrider-ca" "mountPath" "/etc/outrider/ca" "readOnly" true) -}}
{{- end -}}
{{- concat $mounts .sidecar.extraVolumeMounts | toJson -}}
{{- end }}

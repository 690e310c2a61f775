{{- define "charter.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "charter.selector" -}}
app.kubernetes.io/name: charter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "charter.labels" -}}
{{ include "charter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "charter.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{- define "charter.claim" -}}
{{- .Values.ledger.existingClaim | default (printf "%s-ledger" (include "charter.name" .)) -}}
{{- end -}}

{{- /* "true" when a volume of one node holds what replicas would have to share. */ -}}
{{- define "charter.onlyOne" -}}
{{- if .Values.ledger.postgres.secretName -}}
{{- else if and (ne .Values.ledger.accessMode "ReadWriteMany") (not .Values.ledger.existingClaim) -}}
true
{{- end -}}
{{- end -}}

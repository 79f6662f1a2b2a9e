{{- define "registry-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "registry-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "registry-operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "registry-operator.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "registry-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "registry-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name must be set when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "registry-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "registry-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "registry-operator.labels" -}}
{{ include "registry-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "registry-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* The variables of docs/configuration.md. Ports, lease and identity are the chart's own business and no values. */ -}}
{{- define "registry-operator.env" -}}
{{- if .Values.watchNamespaces }}
- name: REGISTRY_OPERATOR_NAMESPACES
  value: {{ join "," .Values.watchNamespaces | quote }}
{{- end }}
- name: REGISTRY_OPERATOR_IMAGE_2
  value: {{ .Values.registryImages.v2 | quote }}
- name: REGISTRY_OPERATOR_IMAGE_3
  value: {{ .Values.registryImages.v3 | quote }}
- name: REGISTRY_OPERATOR_WORKERS
  value: {{ .Values.workers | int | quote }}
- name: REGISTRY_OPERATOR_RESYNC_SECONDS
  value: {{ .Values.resyncSeconds | int | quote }}
- name: REGISTRY_OPERATOR_PROBE_INTERVAL_SECONDS
  value: {{ .Values.probe.intervalSeconds | int | quote }}
- name: REGISTRY_OPERATOR_PROBE_CONCURRENCY
  value: {{ .Values.probe.concurrency | int | quote }}
- name: REGISTRY_OPERATOR_CLUSTER_DOMAIN
  value: {{ .Values.clusterDomain | quote }}
- name: REGISTRY_OPERATOR_LOG_LEVEL
  value: {{ .Values.log.level | quote }}
- name: REGISTRY_OPERATOR_LOG_FORMAT
  value: {{ .Values.log.format | quote }}
- name: REGISTRY_OPERATOR_LEADER_ELECTION
  value: Enabled
- name: REGISTRY_OPERATOR_LEASE_NAME
  value: {{ include "registry-operator.fullname" . }}
- name: REGISTRY_OPERATOR_LEASE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: REGISTRY_OPERATOR_MONITORING_NAMESPACES
  value: {{ join "," .Values.monitoring.namespaces | default "none" | quote }}
- name: REGISTRY_OPERATOR_POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: REGISTRY_OPERATOR_POD_LABELS
  value: app.kubernetes.io/name={{ include "registry-operator.name" . }},app.kubernetes.io/instance={{ .Release.Name }}
- name: REGISTRY_OPERATOR_IDENTITY
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}

{{- /* A name given twice would be a silent choice of the API server's, and an error with server-side apply. */ -}}
{{- define "registry-operator.extraEnv" -}}
{{- $own := list }}
{{- range include "registry-operator.env" . | fromYamlArray }}{{ $own = append $own .name }}{{ end }}
{{- range .Values.extraEnv }}
{{- if has .name $own }}
{{- fail (printf "extraEnv: %s is set by a value of this chart or taken already; remove it from extraEnv" .name) }}
{{- end }}
{{- $own = append $own .name }}
- name: {{ .name }}
  value: {{ .value | quote }}
{{- end }}
{{- end }}

{{- /* What the operator may do in a namespace that it watches: the same in a ClusterRole and in each Role. */ -}}
{{- define "registry-operator.rules" -}}
- apiGroups: [teamregistry.io]
  resources: [registries]
  verbs: [get, list, watch, patch] # patch: the finalizer of whenDeleted: Delete, nothing else
- apiGroups: [teamregistry.io]
  resources: [registries/status]
  verbs: [patch]
- apiGroups: [teamregistry.io]
  resources: [registries/finalizers]
  verbs: [update] # blockOwnerDeletion, where OwnerReferencesPermissionEnforcement is on
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch] # no delete: the owner's deletion takes it along
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [persistentvolumeclaims, secrets, configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies, ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes, tlsroutes, backendtlspolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [cert-manager.io]
  resources: [certificates, issuers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

-- Health of a Registry for Argo CD. Only base functions: scripts from argocd-cm get no string and no math library.
local metadata, status = obj.metadata, obj.status
if metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "The Registry is being deleted" }
end
if status == nil or status.observedGeneration ~= metadata.generation then
  return { status = "Progressing", message = "Waiting for the operator" }
end
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function is(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end
if is("Stalled", "True") then
  return { status = "Degraded", message = conditions.Stalled.message }
end
if obj.spec ~= nil and obj.spec.reconciliation == "Paused" then
  return { status = "Suspended", message = "spec.reconciliation is Paused" }
end
if is("Reconciling", "True") then
  return { status = "Progressing", message = conditions.Reconciling.message }
end
if is("Ready", "True") then
  return { status = "Healthy", message = conditions.Ready.message }
end
if conditions.Ready ~= nil then
  return { status = "Progressing", message = conditions.Ready.message }
end
return { status = "Progressing", message = "Waiting for the operator" }

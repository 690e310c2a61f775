#include "tests/bench/bench_objects.h"

namespace charter::bench {
namespace {

constexpr size_t kObjectBytes = 1536;

std::string replace_all(std::string text, const std::string& mark, const std::string& value) {
  for (size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + value.size())) {
    text.replace(at, mark.size(), value);
  }
  return text;
}

constexpr const char* kDefinition =
    R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
"metadata":{"name":"instances.example.dev"},"spec":{"group":"example.dev","scope":"Namespaced",
"names":{"plural":"instances","singular":"instance","kind":"Instance","listKind":"InstanceList","shortNames":["inst"]},
"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
"spec":{"type":"object","required":["image","cpus"],"properties":{
 "image":{"type":"string","minLength":1,"maxLength":253},"machineType":{"type":"string"},
 "cpus":{"type":"integer","minimum":1,"maximum":256},"memoryMiB":{"type":"integer","format":"int64","minimum":1},
 "rootDiskGiB":{"type":"integer","format":"int32"},"region":{"type":"string"},"zone":{"type":"string"},
 "hostname":{"type":"string","pattern":"^[a-z0-9-]+$"},"replicas":{"type":"integer","format":"int32","minimum":0,"default":1},
 "running":{"type":"boolean","default":true},"priority":{"type":"integer"},"preemptible":{"type":"boolean"},
 "restartPolicy":{"type":"string","enum":["Always","OnFailure","Never"],"default":"Always"},
 "maintenancePolicy":{"type":"string","enum":["Migrate","Terminate"]},"timeoutSeconds":{"type":"integer","minimum":0},
 "deadline":{"type":"string","format":"date-time"},"hourlyBudget":{"type":"number"},
 "quota":{"x-kubernetes-int-or-string":true},"owner":{"type":"string"},"description":{"type":"string"},
 "userData":{"type":"string","maxLength":65536},
 "sshKeys":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
 "tags":{"type":"object","additionalProperties":{"type":"string"}},
 "nodeSelector":{"type":"object","additionalProperties":{"type":"string"}},
 "disks":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object",
  "required":["name"],"properties":{"name":{"type":"string"},"sizeGiB":{"type":"integer"},"type":{"type":"string","default":"ssd"}}}},
 "networks":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object",
  "required":["name"],"properties":{"name":{"type":"string"},"address":{"type":"string"},"mtu":{"type":"integer"}}}},
 "env":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object",
  "required":["name"],"properties":{"name":{"type":"string"},"value":{"type":"string"}}}},
 "template":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
"status":{"type":"object","properties":{"phase":{"type":"string"},"observedGeneration":{"type":"integer","format":"int64"},
 "replicas":{"type":"integer","format":"int32"},"selector":{"type":"string"},"message":{"type":"string"},
 "addresses":{"type":"array","items":{"type":"string"}},
 "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"type":"object",
  "required":["type","status"],"properties":{"type":{"type":"string"},"status":{"type":"string","enum":["True","False","Unknown"]},
  "reason":{"type":"string"},"message":{"type":"string"},"lastTransitionTime":{"type":"string","format":"date-time"},
  "observedGeneration":{"type":"integer","format":"int64"}}}}}}}}},
"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas",
 "labelSelectorPath":".status.selector"}},
"additionalPrinterColumns":[{"name":"Phase","type":"string","jsonPath":".status.phase"},
 {"name":"CPUs","type":"integer","jsonPath":".spec.cpus"},{"name":"Image","type":"string","jsonPath":".spec.image","priority":1},
 {"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
 {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]}]}})";

// INDEX, NAME, VERSION, PADDING are filled in; what differs between objects is what a selector or a
// person would look at.
constexpr const char* kObject =
    R"({"apiVersion":"example.dev/v1","kind":"Instance","metadata":{"name":"NAME","namespace":"bench"VERSION,)"
    R"("labels":{"app":"bench","zone":"zone-SMALL","shard":"sSMALL"},"annotations":{"example.dev/note":"made by charter_bench"}},)"
    R"("spec":{"image":"registry.example.dev/images/linux:1.SMALL","machineType":"m4.large","cpus":4,"memoryMiB":8192,)"
    R"("rootDiskGiB":120,"region":"eu-1","zone":"zone-SMALL","hostname":"host-INDEX","replicas":2,"running":true,)"
    R"("priority":17,"preemptible":false,"restartPolicy":"Always","maintenancePolicy":"Migrate","timeoutSeconds":300,)"
    R"("hourlyBudget":1.25,"quota":"50%","owner":"team-SMALL","description":"load generator object number INDEX",)"
    R"("sshKeys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI00000000000000000000000000000000 a@b"],)"
    R"("tags":{"team":"tSMALL","tier":"backend","cost":"c7"},)"
    R"("disks":[{"name":"data","sizeGiB":100,"type":"ssd"},{"name":"log","sizeGiB":20,"type":"hdd"}],)"
    R"("networks":[{"name":"eth0","address":"10.0.0.1","mtu":1500},{"name":"eth1","address":"192.168.0.1","mtu":9000}],)"
    R"("env":[{"name":"MODE","value":"prod"},{"name":"INDEX","value":"INDEX"}],)"
    R"("nodeSelector":{"zone":"zone-SMALL","arch":"amd64"},"userData":"PADDING"})";

constexpr const char* kStatus =
    R"(,"status":{"phase":"Running","observedGeneration":1,"replicas":2,"selector":"app=bench","message":"update of INDEX",)"
    R"("addresses":["10.0.0.1"],"conditions":[{"type":"Ready","status":"True","reason":"Up","message":"mINDEX",)"
    R"("lastTransitionTime":"2026-01-02T03:04:05Z","observedGeneration":1},{"type":"Progressing","status":"False",)"
    R"("reason":"Done","message":"","lastTransitionTime":"2026-01-02T03:04:05Z"}]})";

std::string filled(const std::string& name, size_t index, const std::string& version) {
  std::string text = replace_all(kObject, "INDEX", std::to_string(index));
  text = replace_all(std::move(text), "SMALL", std::to_string(index % 100));
  text = replace_all(std::move(text), "NAME", name);
  text = replace_all(std::move(text), "VERSION",
                     version.empty() ? "" : R"(,"resourceVersion":")" + version + '"');
  const std::string padding(text.size() < kObjectBytes ? kObjectBytes - text.size() : 0, 'x');
  return replace_all(std::move(text), "PADDING", padding);
}

// Hosts and quantities far above what is ordered: the measure is the control plane, not a capacity
// refusal.
constexpr const char* kProvider =
    R"({"apiVersion":"charter.dev/v1alpha1","kind":"Provider","metadata":{"name":"bench"},
"spec":{"driver":"simulated","location":{"region":"eu-central","jurisdiction":"EU"},
"machineClasses":[{"name":"standard","vcpusMax":4,"memoryMax":"16GB"}],
"security":{"isolation":["SharedNetwork","TenantNetwork"],"encryptionAtRest":true},
"simulated":{"bootTime":"100ms","imageTime":"100ms","hosts":[
{"name":"host-1","vcpus":100000,"memory":"10PB","storage":"1000PB"},{"name":"host-2","vcpus":100000,"memory":"10PB","storage":"1000PB"},
{"name":"host-3","vcpus":100000,"memory":"10PB","storage":"1000PB"},{"name":"host-4","vcpus":100000,"memory":"10PB","storage":"1000PB"}]}}})";

constexpr const char* kImage =
    R"({"apiVersion":"charter.dev/v1alpha1","kind":"Image","metadata":{"name":"bench"},
"spec":{"source":{"url":"https://images.example/bench.qcow2",
"sha256":"d2fbd0745f779b2b2b0faeb43af30a5f63ac35835cc82692f1eeb40d202255bd"},"format":"qcow2","architecture":"x86_64",
"os":"linux","minDisk":"20GB"}})";

constexpr const char* kTemplate = R"({"apiVersion":"charter.dev/v1alpha1","kind":"ServiceTemplate",
"metadata":{"name":"bench","namespace":"bench"},"spec":{
"parameters":[{"name":"vcpus","type":"integer","allowed":[2,4],"default":2},
{"name":"os","type":"string","allowed":["linux"],"default":"linux"}],
"components":{"machines":[{"name":"server","vcpus":{"fromParameter":"vcpus"},"memory":{"value":"4GB"},"class":{"value":"standard"},
"imageFrom":{"parameter":"os","map":{"linux":"bench"}},"bootDisk":{"size":{"value":"20GB"}},"networks":["tenant"]}],
"networks":[{"name":"tenant","description":"Private network"}]}}})";

constexpr const char* kRateCard =
    R"({"apiVersion":"charter.dev/v1alpha1","kind":"RateCard","metadata":{"name":"bench"},
"spec":{"currency":"USD","effectiveFrom":"2026-01-01T00:00:00Z",
"items":[{"meter":"cpu-hours","basis":"Active","price":"0.13","per":"CPUHour"}]}})";

constexpr const char* kOffering =
    R"({"apiVersion":"charter.dev/v1alpha1","kind":"ServiceOffering","metadata":{"name":"bench"},
"spec":{"publication":"Published","templateRef":{"namespace":"bench","name":"bench"},
"units":{"compute":{"per":"Machine","equals":{"vcpus":4,"memory":"8GB"}}},
"serviceLevel":{"availability":"99.9","provisioningTime":"10m"},
"security":{"isolation":"TenantNetwork","encryptionAtRest":true},
"billing":{"rateCardRef":"bench","period":"Month","graceBeforeIssue":"48h"},
"placement":{"jurisdictions":["EU"],"subcontracting":"Allowed"},"visibility":{"audience":"Public"},
"contractPolicy":{"acceptance":"Automatic"}}})";

constexpr const char* kAccount =
    R"({"apiVersion":"charter.dev/v1alpha1","kind":"Account","metadata":{"name":"bench"},
"spec":{"namespaces":["bench"],"limits":{"compute":QUANTITY},
"members":[{"subject":{"kind":"User","name":"admin"},"permissions":["RequestContract","AcceptContract","Configure"]}],
"billing":{"email":"bills@bench.example","period":"Month"}}})";

constexpr const char* kContract = R"({"apiVersion":"charter.dev/v1alpha1","kind":"Contract",
"metadata":{"name":"bench","namespace":"bench"},"spec":{"offeringRef":{"name":"bench"},"quantities":{"compute":QUANTITY},
"term":{"start":"Immediately","renew":"Auto"},"placement":{"jurisdictions":["EU"]}}})";

}  // namespace

std::string namespace_object(const std::string& name) {
  return R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + R"("}})";
}

std::string bench_definition() {
  return kDefinition;
}

std::string bench_object(const std::string& name, size_t index) {
  return filled(name, index, "") + "}";
}

std::string bench_object_with_status(const std::string& name, size_t index,
                                     const std::string& version) {
  return filled(name, index, version) + replace_all(kStatus, "INDEX", std::to_string(index)) + "}";
}

std::vector<CatalogEntry> bench_catalog(size_t instances) {
  const std::string charter = "/apis/charter.dev/v1alpha1/";
  const std::string in_namespace = charter + "namespaces/" + kNamespace + "/";
  const std::string quantity =
      std::to_string(2 * instances + 100);  // room for scaling up during the run
  return {{charter + "providers", kProvider},
          {charter + "images", kImage},
          {in_namespace + "servicetemplates", kTemplate},
          {charter + "ratecards", kRateCard},
          {charter + "serviceofferings", kOffering},
          {charter + "accounts", replace_all(kAccount, "QUANTITY", quantity)},
          {in_namespace + "contracts", replace_all(kContract, "QUANTITY", quantity)}};
}

std::string service_instance(const std::string& name) {
  return R"({"apiVersion":"charter.dev/v1alpha1","kind":"ServiceInstance","metadata":{"name":")" +
         name +
         R"(","namespace":"bench"},"spec":{"contractRef":{"name":"bench"},"parameters":{"vcpus":2},"replicas":1}})";
}

}  // namespace charter::bench

// The official JavaScript client in the roles that programs have. Usage: node clients.mjs ROLE, with
// KUBECONFIG set. Ends with 0 when everything was as Kubernetes has it; else says what was not.
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const NAMESPACE = 'node';
const kc = new k8s.KubeConfig();
kc.loadFromDefault();
const core = kc.makeApiClient(k8s.CoreV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(kc);
const custom = kc.makeApiClient(k8s.CustomObjectsApi);

const configMap = (name, data = {}, more = {}) => ({
  apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, namespace: NAMESPACE, ...more}, data,
});

async function refusedWith(code, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.code, code, String(error));
    return JSON.parse(error.body);
  }
  assert.fail(`expected status ${code}`);
}

/** Waits until `fact` is true. */
async function eventually(fact, what, timeout = 20000) {
  for (const end = Date.now() + timeout; !fact();) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Typed and untyped calls: create, read, list in pages, update, all patches, delete, and their refusals. */
async function calls() {
  await core.createNamespacedConfigMap({namespace: NAMESPACE, body: configMap('typed', {a: '1'})});
  const found = await core.readNamespacedConfigMap({namespace: NAMESPACE, name: 'typed'});
  assert.equal(found.data.a, '1');
  assert.ok(found.metadata.creationTimestamp instanceof Date);

  found.data.a = '2';
  const updated = await core.replaceNamespacedConfigMap({namespace: NAMESPACE, name: 'typed', body: found});
  assert.notEqual(updated.metadata.resourceVersion, found.metadata.resourceVersion);
  const conflict = await refusedWith(409, () =>
    core.replaceNamespacedConfigMap({namespace: NAMESPACE, name: 'typed', body: found}));
  assert.equal(conflict.reason, 'Conflict');

  for (const [type, patch] of [
    [k8s.PatchStrategy.JsonPatch, [{op: 'replace', path: '/data/a', value: '3'}]],
    [k8s.PatchStrategy.MergePatch, {data: {b: '4'}}],
    [k8s.PatchStrategy.StrategicMergePatch, {data: {c: '5'}}],
  ]) {
    await core.patchNamespacedConfigMap({namespace: NAMESPACE, name: 'typed', body: patch},
      k8s.setHeaderOptions('Content-Type', type));
  }
  const patched = await core.readNamespacedConfigMap({namespace: NAMESPACE, name: 'typed'});
  assert.deepEqual(patched.data, {a: '3', b: '4', c: '5'});

  const applied = await objects.patch(configMap('typed', {d: '6'}), undefined, undefined, 'node-client', true,
    k8s.PatchStrategy.ServerSideApply);
  assert.equal(applied.data.d, '6');
  assert.ok(applied.metadata.managedFields.some((entry) => entry.manager === 'node-client' && entry.operation === 'Apply'));

  for (let i = 0; i < 7; ++i) {
    await objects.create(configMap(`page-${i}`, {}, {labels: {page: 'yes'}}));
  }
  const names = [];
  for (let from; ;) {
    const page = await core.listNamespacedConfigMap({namespace: NAMESPACE, labelSelector: 'page=yes', limit: 3, _continue: from});
    assert.ok(page.items.length <= 3);
    names.push(...page.items.map((item) => item.metadata.name));
    from = page.metadata._continue;
    if (!from) break;
  }
  assert.deepEqual(names, [0, 1, 2, 3, 4, 5, 6].map((i) => `page-${i}`));

  const invalid = await refusedWith(422, () => objects.create(configMap('Not_A_Name')));
  assert.equal(invalid.details.causes[0].field, 'metadata.name');
  await refusedWith(404, () => core.readNamespacedConfigMap({namespace: NAMESPACE, name: 'absent'}));
  await refusedWith(409, () => objects.create(configMap('typed')));

  await objects.create({apiVersion: 'v1', kind: 'Secret', metadata: {name: 's', namespace: NAMESPACE}, stringData: {key: 'värde'}});
  const secret = await core.readNamespacedSecret({namespace: NAMESPACE, name: 's'});
  assert.equal(Buffer.from(secret.data.key, 'base64').toString(), 'värde');

  await core.deleteNamespacedConfigMap({namespace: NAMESPACE, name: 'typed'});
  await core.deleteCollectionNamespacedConfigMap({namespace: NAMESPACE, labelSelector: 'page=yes'});
  const left = await core.listNamespacedConfigMap({namespace: NAMESPACE, labelSelector: 'page=yes'});
  assert.equal(left.items.length, 0);
}

/** Custom resources: a definition that is served at once, its objects, status and scale. */
async function customResources() {
  const group = 'node.dev', version = 'v1', plural = 'gadgets';
  await objects.create({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: {name: `${plural}.${group}`},
    spec: {
      group, scope: 'Namespaced', names: {plural, kind: 'Gadget'},
      versions: [{
        name: version, served: true, storage: true,
        subresources: {status: {}, scale: {specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas'}},
        schema: {openAPIV3Schema: {type: 'object', properties: {
          spec: {type: 'object', required: ['size'], properties: {size: {type: 'integer', minimum: 1}, replicas: {type: 'integer', _default: 1}}},
          status: {type: 'object', properties: {replicas: {type: 'integer'}}}}}},
      }],
    },
  });
  const at = {group, version, plural, namespace: NAMESPACE};
  const gadget = (name, spec) => ({apiVersion: `${group}/${version}`, kind: 'Gadget', metadata: {name}, spec});
  const made = await custom.createNamespacedCustomObject({...at, body: gadget('g', {size: 3})});
  assert.equal(made.spec.replicas, 1, 'the default is filled in');
  const refused = await refusedWith(422, () => custom.createNamespacedCustomObject({...at, body: gadget('bad', {size: 0})}));
  assert.equal(refused.details.causes[0].field, 'spec.size');
  await custom.replaceNamespacedCustomObjectStatus({...at, name: 'g', body: {...made, status: {replicas: 1}}});
  const scale = await custom.getNamespacedCustomObjectScale({...at, name: 'g'});
  scale.spec.replicas = 4;
  await custom.replaceNamespacedCustomObjectScale({...at, name: 'g', body: scale});
  const scaled = await objects.read(gadget('g') && {...gadget('g'), metadata: {name: 'g', namespace: NAMESPACE}});
  assert.deepEqual([scaled.spec.replicas, scaled.status.replicas], [4, 1]);
  await custom.deleteNamespacedCustomObject({...at, name: 'g'});
}

/** A watch from a known version: everything after it, in order, and its end. */
async function watch() {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  const list = await core.listNamespacedConfigMap({namespace: NAMESPACE});
  await objects.create(configMap('w', {n: '0'}));
  for (let n = 1; n <= 20; ++n) {
    await core.patchNamespacedConfigMap({namespace: NAMESPACE, name: 'w', body: {data: {n: String(n)}}},
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  }
  await core.deleteNamespacedConfigMap({namespace: NAMESPACE, name: 'w'});
  const seen = [];
  let ended = false;
  await new k8s.Watch(kc).watch(path, {resourceVersion: list.metadata.resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 2},
    (type, object) => seen.push([type, object.data?.n]), () => { ended = true; });
  await eventually(() => ended, 'the watch ends at its timeout');
  const wanted = [['ADDED', '0']];
  for (let n = 1; n <= 20; ++n) wanted.push(['MODIFIED', String(n)]);
  wanted.push(['DELETED', '20']);
  assert.deepEqual(seen.filter(([type]) => type !== 'BOOKMARK'), wanted);
}

/** An informer's cache equals the server's list, through changes made before and after its start. */
async function informer() {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
  const options = {namespace: NAMESPACE, labelSelector: 'informed=yes'};
  const labels = {informed: 'yes'};
  const cache = k8s.makeInformer(kc, path, () => core.listNamespacedConfigMap(options), options.labelSelector);
  const heard = {add: [], update: [], delete: []};
  for (const kind of Object.keys(heard)) cache.on(kind, (object) => heard[kind].push(object.metadata.name));
  let running = true;
  cache.on('error', () => running && setTimeout(() => cache.start(), 100));
  await objects.create(configMap('before', {}, {labels}));
  await cache.start();
  await eventually(() => heard.add.includes('before'), 'what was there is told');
  for (let i = 0; i < 30; ++i) await objects.create(configMap(`i-${i}`, {}, {labels}));
  await objects.create(configMap('outside'));
  await objects.patch({...configMap('i-0', {x: '1'}), metadata: {name: 'i-0', namespace: NAMESPACE}}, undefined, undefined, undefined,
    undefined, k8s.PatchStrategy.MergePatch);
  // It leaves the selection: a deletion for whoever selects.
  await objects.patch({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'i-1', namespace: NAMESPACE, labels: {informed: null}}},
    undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch);
  await core.deleteNamespacedConfigMap({namespace: NAMESPACE, name: 'i-2'});
  await eventually(() => heard.add.length === 31 && heard.update.includes('i-0') && heard.delete.length === 2, `all was heard: ${JSON.stringify(heard)}`);
  assert.deepEqual(heard.delete.sort(), ['i-1', 'i-2']);
  const names = (items) => items.map((item) => item.metadata.name).sort();
  const list = await core.listNamespacedConfigMap(options);
  assert.deepEqual(names(cache.list()), names(list.items));
  running = false;
  await cache.stop();
}

/** Several candidates for one Lease, after client-go's rules: one holds it at a time, the next takes over. */
async function election() {
  const leases = kc.makeApiClient(k8s.CoordinationV1Api);
  const at = {namespace: NAMESPACE, name: 'leader'};
  const history = [];
  async function tryToLead(me) {
    const now = new k8s.V1MicroTime();
    let lease;
    try {
      lease = await leases.readNamespacedLease(at);
    } catch (error) {
      if (error.code !== 404) throw error;
      lease = {metadata: at, spec: {}};
    }
    const held = lease.spec.holderIdentity;
    if (held && held !== me) return false;
    lease.spec = {...lease.spec, holderIdentity: me, leaseDurationSeconds: 15, acquireTime: now, renewTime: now,
      leaseTransitions: (lease.spec.leaseTransitions ?? 0) + 1};
    try {
      await (lease.metadata.resourceVersion ? leases.replaceNamespacedLease({...at, body: lease})
        : leases.createNamespacedLease({namespace: NAMESPACE, body: lease}));
    } catch (error) {
      if (error.code === 409) return false;
      throw error;
    }
    return true;
  }
  let leading = 0;
  async function candidate(me) {
    for (let led = false; !led;) {
      led = await tryToLead(me);
      if (!led) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(++leading, 1, `two lead at once: ${me} and ${history.at(-1)}`);
    history.push(me);
    await new Promise((resolve) => setTimeout(resolve, 20));
    --leading;
    const lease = await leases.readNamespacedLease(at);
    lease.spec.holderIdentity = '';
    await leases.replaceNamespacedLease({...at, body: lease});
  }
  const all = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(all.map(candidate));
  assert.deepEqual([...history].sort(), all);
  const last = await leases.readNamespacedLease(at);
  assert.equal(last.spec.leaseTransitions, all.length);
  assert.ok(Date.now() - new Date(last.spec.renewTime).getTime() < 60000);
}

const roles = {calls, customResources, watch, informer, election};
await roles[process.argv[2]]();

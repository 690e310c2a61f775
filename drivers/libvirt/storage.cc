#include "drivers/libvirt/storage.h"

#include "controller/base/log.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/xml_text.h"

#include <libvirt/virterror.h>
#include <pugixml.hpp>

#include <algorithm>

namespace charter::libvirt {
namespace {

pugi::xml_node add_text(pugi::xml_node parent, const char* name, const std::string& text) {
  auto node = parent.append_child(name);
  node.text().set(text.c_str());
  return node;
}

void add_format(pugi::xml_node parent, const std::string& format) {
  parent.append_child("format").append_attribute("type").set_value(format.c_str());
}

std::string volume_xml(const VolumePlan& plan) {
  pugi::xml_document document;
  auto volume = document.append_child("volume");
  add_text(volume, "name", plan.name);
  add_text(volume, "capacity", std::to_string(plan.bytes)).append_attribute("unit") = "bytes";
  add_text(volume, "allocation", "0").append_attribute("unit") = "bytes";
  auto target = volume.append_child("target");
  add_format(target, plan.format);
  // The default is the format of 2012, without lazy reference counts and zero clusters.
  if (plan.format == "qcow2") add_text(target, "compat", "1.1");
  if (!plan.backing_path.empty()) {
    auto backing = volume.append_child("backingStore");
    add_text(backing, "path", plan.backing_path);
    add_format(backing, plan.backing_format);
  }
  return text_of(document);
}

std::string pool_xml(const StoragePool& plan) {
  pugi::xml_document document;
  auto pool = document.append_child("pool");
  pool.append_attribute("type").set_value("dir");
  add_text(pool, "name", plan.name);
  add_text(pool.append_child("target"), "path", plan.path);
  return text_of(document);
}

Result<Pool> make_pool(virConnectPtr connection, const StoragePool& plan) {
  const std::string doing = "making storage pool " + plan.name;
  Pool pool(virStoragePoolDefineXML(connection, pool_xml(plan).c_str(), 0));
  if (!pool) return last_error(doing);
  if (virStoragePoolBuild(pool.get(), 0) != 0) return last_error(doing);
  if (virStoragePoolCreate(pool.get(), 0) != 0) return last_error(doing);
  if (virStoragePoolSetAutostart(pool.get(), 1) != 0) return last_error(doing);
  log_info("libvirt", "storage pool made", {{"pool", plan.name}, {"path", plan.path}});
  return pool;
}

Result<Pool> ensure_pool(virConnectPtr connection, const StoragePool& plan) {
  Pool pool(virStoragePoolLookupByName(connection, plan.name.c_str()));
  if (!pool) {
    if (last_code() != VIR_ERR_NO_STORAGE_POOL)
      return last_error("looking for storage pool " + plan.name);
    if (plan.path.empty()) {
      return Error{Code::ServiceUnavailable, "the host has no storage pool " + plan.name +
                                                 "; make it there, or state its path"};
    }
    return make_pool(connection, plan);
  }
  // Only what the settings say how to make is ours to start.
  if (virStoragePoolIsActive(pool.get()) != 1 && !plan.path.empty() &&
      virStoragePoolCreate(pool.get(), 0) != 0)
    return last_error("starting storage pool " + plan.name);
  return pool;
}

/// Bytes that the file really has, which is what a wipe has to overwrite: not the disk's capacity,
/// which a thin volume has mostly not got.
Result<int64_t> physical_bytes(const Volume& volume) {
  virStorageVolInfo info{};
  if (virStorageVolGetInfoFlags(volume.get(), &info, VIR_STORAGE_VOL_GET_PHYSICAL) != 0)
    return last_error("measuring a volume");
  return static_cast<int64_t>(info.allocation);
}

Status overwrite(virConnectPtr connection, const Volume& volume) {
  CHARTER_TRY_ASSIGN(const int64_t bytes, physical_bytes(volume));
  if (bytes == 0) return {};
  return upload(connection, volume, bytes,
                [](size_t most) -> Result<std::string> { return std::string(most, '\0'); });
}

Status send_all(const Stream& stream, const std::string& chunk) {
  size_t sent = 0;
  while (sent < chunk.size()) {
    const int now = virStreamSend(stream.get(), chunk.data() + sent, chunk.size() - sent);
    if (now < 0) return last_error("writing to a volume");
    sent += static_cast<size_t>(now);
  }
  return {};
}

Status pump(const Stream& stream, int64_t bytes, const Reader& reader) {
  int64_t left = bytes;
  while (left > 0) {
    const auto most = static_cast<size_t>(
        std::min<int64_t>(left, static_cast<int64_t>(limits::kStreamChunkBytes)));
    CHARTER_TRY_ASSIGN(const std::string chunk, reader(most));
    if (chunk.empty() || chunk.size() > most)
      return Error{Code::ServiceUnavailable, "the bytes to be written ended too early"};
    CHARTER_TRY(send_all(stream, chunk));
    left -= static_cast<int64_t>(chunk.size());
  }
  return {};
}

/// Hands on a volume's first bytes, piece by piece, until `take` has seen enough.
Status drain(virConnectPtr connection, const Volume& volume, int64_t bytes,
             const std::function<bool(const std::string&)>& take) {
  const Stream stream(virStreamNew(connection, 0));
  if (!stream) return last_error("opening a stream");
  if (virStorageVolDownload(volume.get(), stream.get(), 0, static_cast<unsigned long long>(bytes),
                            0) != 0)
    return last_error("reading a volume");
  std::string piece;
  for (int64_t got = 0; got < bytes; got += static_cast<int64_t>(piece.size())) {
    piece.resize(static_cast<size_t>(
        std::min<int64_t>(bytes - got, static_cast<int64_t>(limits::kStreamChunkBytes))));
    const int now = virStreamRecv(stream.get(), piece.data(), piece.size());
    if (now < 0) return last_error("reading a volume");
    piece.resize(static_cast<size_t>(now));
    if (now == 0 || !take(piece)) {
      virStreamAbort(stream.get());
      return {};
    }
  }
  virStreamFinish(stream.get());
  return {};
}

}  // namespace

Result<std::vector<Pool>> ensure_pools(virConnectPtr connection, const Settings& settings) {
  std::vector<Pool> pools;
  for (const auto& plan : settings.pools) {
    CHARTER_TRY_ASSIGN(Pool pool, ensure_pool(connection, plan));
    pools.push_back(std::move(pool));
  }
  if (!settings.console_pool.empty()) CHARTER_TRY(open_pool(connection, settings.console_pool));
  return pools;
}

Result<Pool> open_pool(virConnectPtr connection, const std::string& name) {
  Pool pool(virStoragePoolLookupByName(connection, name.c_str()));
  if (!pool) {
    if (last_code() != VIR_ERR_NO_STORAGE_POOL)
      return last_error("looking for storage pool " + name);
    return Error{Code::ServiceUnavailable, "the host has no storage pool " + name};
  }
  const int active = virStoragePoolIsActive(pool.get());
  if (active < 0) return last_error("looking at storage pool " + name);
  if (active == 0) return Error{Code::ServiceUnavailable, "storage pool " + name + " is stopped"};
  return pool;
}

Result<Volume> find_volume(virConnectPtr connection, const std::string& pool,
                           const std::string& name) {
  CHARTER_TRY_ASSIGN(const Pool open, open_pool(connection, pool));
  Volume volume(virStorageVolLookupByName(open.get(), name.c_str()));
  if (!volume && last_code() != VIR_ERR_NO_STORAGE_VOL)
    return last_error("looking for a volume in storage pool " + pool);
  return volume;
}

Result<Volume> require_volume(virConnectPtr connection, const std::string& pool,
                              const std::string& name) {
  CHARTER_TRY_ASSIGN(Volume volume, find_volume(connection, pool, name));
  if (!volume) return Error{Code::NotFound, "storage pool " + pool + " has no volume " + name};
  return volume;
}

Result<std::vector<Volume>> volumes_of(const Pool& pool, const std::string& name) {
  virStorageVolPtr* listed = nullptr;
  const int count = virStoragePoolListAllVolumes(pool.get(), &listed, 0);
  if (count < 0) {
    if (last_code() != VIR_ERR_OPERATION_INVALID) return last_error("listing storage pool " + name);
    return Error{Code::ServiceUnavailable, "storage pool " + name + " is stopped"};
  }
  std::vector<Volume> volumes;
  for (int i = 0; i < count; ++i)
    volumes.emplace_back(listed[i]);
  std::free(listed);
  return volumes;
}

Result<std::vector<std::string>> volume_names(virConnectPtr connection, const std::string& pool) {
  CHARTER_TRY_ASSIGN(const Pool open, open_pool(connection, pool));
  CHARTER_TRY_ASSIGN(const auto volumes, volumes_of(open, pool));
  std::vector<std::string> names;
  for (const auto& volume : volumes)
    names.emplace_back(virStorageVolGetName(volume.get()));
  return names;
}

Status make_volume(virConnectPtr connection, const std::string& pool, const VolumePlan& plan) {
  CHARTER_TRY_ASSIGN(const Pool open, open_pool(connection, pool));
  const Volume made(virStorageVolCreateXML(open.get(), volume_xml(plan).c_str(), 0));
  if (made) return {};
  const Error error = last_error("making a volume in storage pool " + pool);
  // The code for "exists already" differs between hypervisors, so the pool is asked.
  const Volume present(virStorageVolLookupByName(open.get(), plan.name.c_str()));
  if (present) return {};
  return error;
}

Result<VolumeSize> size_of(const Volume& volume) {
  virStorageVolInfo info{};
  if (virStorageVolGetInfo(volume.get(), &info) != 0) return last_error("measuring a volume");
  return VolumeSize{static_cast<int64_t>(info.capacity), static_cast<int64_t>(info.allocation)};
}

std::string path_of(const Volume& volume) {
  return take_text(virStorageVolGetPath(volume.get()));
}

std::string directory_of(const Pool& pool) {
  pugi::xml_document document;
  if (!parse_xml(take_text(virStoragePoolGetXMLDesc(pool.get(), 0)), document)) return "";
  return document.child("pool").child("target").child("path").text().as_string();
}

Status upload(virConnectPtr connection, const Volume& volume, int64_t bytes, const Reader& reader) {
  const Stream stream(virStreamNew(connection, 0));
  if (!stream) return last_error("opening a stream");
  const auto length = static_cast<unsigned long long>(bytes);
  if (virStorageVolUpload(volume.get(), stream.get(), 0, length, 0) != 0) {
    if (last_was_unsupported())
      return Error{Code::Invalid, "this host takes no uploads: no images and no cloud-init data"};
    return last_error("writing to a volume");
  }
  if (auto sent = pump(stream, bytes, reader); !sent) {
    virStreamAbort(stream.get());
    return sent;
  }
  if (virStreamFinish(stream.get()) != 0) return last_error("writing to a volume");
  return {};
}

Result<std::string> download(virConnectPtr connection, const Volume& volume, size_t bytes) {
  std::string text;
  CHARTER_TRY(drain(connection, volume, static_cast<int64_t>(bytes), [&](const std::string& piece) {
    text += piece;
    return true;
  }));
  return text;
}

Status upload_and_compare(virConnectPtr connection, const Volume& volume, int64_t bytes,
                          const std::function<Result<Reader>()>& open) {
  CHARTER_TRY_ASSIGN(const Reader writing, open());
  CHARTER_TRY(upload(connection, volume, bytes, writing));
  CHARTER_TRY_ASSIGN(const Reader reading, open());
  int64_t same = 0;
  CHARTER_TRY(drain(connection, volume, bytes, [&](const std::string& piece) {
    for (size_t at = 0; at < piece.size();) {
      const auto wanted = reading(piece.size() - at);
      if (!wanted || wanted->empty() || piece.compare(at, wanted->size(), *wanted) != 0)
        return false;
      at += wanted->size();
    }
    same += static_cast<int64_t>(piece.size());
    return true;
  }));
  if (same == bytes) return {};
  return Error{Code::TooManyRequests,
               "writing to a volume: the host's storage is full, or does not keep what it is given",
               "WaitForCapacity"};
}

Status delete_volume(virConnectPtr connection, const std::string& pool, const std::string& name,
                     Wipe wipe) {
  CHARTER_TRY_ASSIGN(const Volume volume, find_volume(connection, pool, name));
  if (!volume) return {};
  if (wipe == Wipe::Zero) CHARTER_TRY(overwrite(connection, volume));
  if (virStorageVolDelete(volume.get(), 0) == 0) return {};
  const Error error = last_error("deleting a volume of storage pool " + pool);
  CHARTER_TRY_ASSIGN(const Volume left, find_volume(connection, pool, name));
  if (!left) return {};
  return error;
}

}  // namespace charter::libvirt

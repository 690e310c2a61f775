#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of the libvirt driver: its name, its value and why it has that value.
namespace charter::limits {

// --- calls -------------------------------------------------------------------------------------
/// Connections of one endpoint. libvirtd serves 5 requests of one connection and 20 of all at a
/// time; a connection carries one call, and starts of guests are bound by the host's cores long
/// before that.
constexpr size_t kLibvirtConnectionsMax = 6;
/// Calls that their callers gave up and that still hang. Beyond it the endpoint is answered for at
/// once: each costs a thread and a connection until the host lets go of it.
constexpr size_t kLibvirtLostCallsMax = 8;
/// Calls that wait for a connection. More callers than the runtime has workers for one provider
/// there are not.
constexpr size_t kLibvirtWaitingCallsMax = 256;
/// A call that only asks. libvirt's own job lock gives up after 30 s.
constexpr auto kLibvirtLookDeadline = std::chrono::seconds(20);
/// A call that changes something small: a start took at most 2 s on two busy cores, killing a hung
/// guest 10 s.
constexpr auto kLibvirtChangeDeadline = std::chrono::seconds(45);
/// A call that moves a disk's bytes: 100 GB at 300 MB/s and some.
constexpr auto kLibvirtCopyDeadline = std::chrono::minutes(10);
/// Seconds between keep-alive messages, and how many may stay unanswered: a dead host is known
/// after 20 s.
constexpr int kLibvirtKeepAliveSeconds = 5;
constexpr unsigned kLibvirtKeepAliveCount = 3;
/// Definitions, and sizes of volumes, that a look reads again though nothing puts them in doubt. A
/// third of a millisecond each on a busy host; hosts with as few as this are seen as they are.
constexpr size_t kLookAgainMax = 4;
/// For how long nobody is told of a machine after a change of it failed: its own events come within
/// milliseconds, and looks tell what else has happened.
constexpr auto kQuietAfterFailure = std::chrono::seconds(1);
/// How long a closing endpoint waits for calls that are on their way.
constexpr auto kLibvirtCloseGrace = std::chrono::seconds(2);

/// A call for statistics: 60 guests took 0.3 s, and it waits for each of them. It is asked again a
/// minute later.
constexpr auto kStatisticsDeadline = std::chrono::seconds(8);
/// Of those that still hang; the second does not hang on the same guest.
constexpr size_t kStatisticsLostMax = 3;

/// Of one value of the Secret that we log in with; libvirt reads no certificate that is larger.
constexpr size_t kCredentialBytesMax = 64 * 1024;
/// Of what ssh says when it fails: a few lines.
constexpr size_t kSshErrorsBytesMax = 16 * 1024;

// --- machines ----------------------------------------------------------------------------------
/// Largest definition that is parsed. libvirt's own are below 64 KiB.
constexpr size_t kDomainXmlBytesMax = 4 * 1024 * 1024;
/// Free ports for disks that are attached while it runs; each is a device that the firmware has to
/// look at.
constexpr int kSparePciePorts = 8;
/// QEMU's cache of translated code under TCG: 32 MiB boots Linux as fast as the default of an
/// eighth of all memory, and costs what it says.
constexpr int kTcgCacheMib = 32;
/// A guest that did not take notice of the power button is asked again after this long.
constexpr auto kShutdownRepeat = std::chrono::seconds(4);
/// How long a balloon may take before a resize counts as not possible while it runs: 100 ms are
/// usual.
constexpr auto kBalloonPatience = std::chrono::seconds(3);
/// How long a machine that was paused because of a disk is watched after it was resumed: what
/// failed is repeated within milliseconds.
constexpr auto kResumePatience = std::chrono::milliseconds(500);
/// Disks of one machine: vda to vdz.
constexpr size_t kDisksMax = 26;
/// How long a guest may take to let go of a disk: 400 ms are usual, QEMU itself waits for 5 s.
constexpr auto kDetachPatience = std::chrono::seconds(6);
/// Processors that may be plugged in later: twice what it starts with, up to this.
constexpr int kVcpusHeadroomMax = 64;
/// Two sizes of memory are the same when they differ by less: hypervisors round up to whole MiB.
constexpr int64_t kMemoryRounding = 4 << 20;

/// A start takes at most 2 s on two busy cores; what starts for longer is never going to run.
constexpr auto kStartPatience = std::chrono::seconds(10);

/// By when a guest of one sector must have run under KVM: 400 ms are usual, a KVM that emulates
/// took 4.6 s.
constexpr auto kKvmProofTime = std::chrono::milliseconds(2500);

// --- storage -----------------------------------------------------------------------------------
constexpr int64_t kSectorBytes = 512;                   // disks are whole sectors
constexpr size_t kStreamChunkBytes = 256 * 1024;        // libvirt's own limit for one stream packet
constexpr size_t kVolumeNameBytesMax = 255;             // file name
constexpr int64_t kSeedUserDataBytesMax = 1024 * 1024;  // a Secret's limit in Kubernetes

// --- settings, as in the CRD -------------------------------------------------------------------
constexpr size_t kStoragePoolsMax = 64;
constexpr size_t kStorageClassesMax = 64;
constexpr size_t kNetworksMax = 64;
constexpr size_t kMachineClassesMax = 32;
constexpr int kCoresPerSocketMax = 64;  // more than any processor that libvirt has a model of
constexpr int kThreadsPerCoreMax = 8;
constexpr auto kStopTimeoutMax = std::chrono::hours(1);

}  // namespace charter::limits

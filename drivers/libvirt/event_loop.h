#pragma once

// libvirt's event loop: keep-alive messages, lost connections and events need somebody to run it.
// libvirt has one for each process, it must be registered before the first connection, and there is
// no way back. So its thread lives as long as the process.
namespace charter::libvirt {

/// Starts it unless it runs already. Thread-safe.
void ensure_event_loop();

}  // namespace charter::libvirt

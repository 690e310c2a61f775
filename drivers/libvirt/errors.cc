#include "drivers/libvirt/errors.h"

#include "controller/base/log.h"

#include <libvirt/virterror.h>

#include <cerrno>

namespace charter::libvirt {
namespace {

Code code_of(int number) {
  switch (number) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_STORAGE_VOL:
      return Code::NotFound;
    case VIR_ERR_OPERATION_INVALID:
    case VIR_ERR_RESOURCE_BUSY:
    case VIR_ERR_OPERATION_FAILED:
    case VIR_ERR_STORAGE_VOL_EXIST:
      return Code::Conflict;
    case VIR_ERR_OPERATION_TIMEOUT:
      return Code::Timeout;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_XML_ERROR:
      return Code::Invalid;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return Code::Forbidden;
    default:
      return Code::ServiceUnavailable;
  }
}

const char* explanation(Code code) {
  switch (code) {
    case Code::NotFound:
      return "it does not exist";
    case Code::Conflict:
      return "it is in use or in the wrong state";
    case Code::Timeout:
      return "the host did not finish it in time";
    case Code::Invalid:
      return "the host cannot do that";
    case Code::Forbidden:
      return "the host refuses our credentials";
    default:
      return "the host does not answer as it should";
  }
}

}  // namespace

int last_code() {
  const virErrorPtr last = virGetLastError();
  return last == nullptr ? 0 : last->code;
}

std::string last_text() {
  const virErrorPtr last = virGetLastError();
  return last != nullptr && last->message != nullptr ? last->message : "";
}

Error last_error_unlogged(const std::string& doing) {
  const virErrorPtr last = virGetLastError();
  const int number = last == nullptr ? 0 : last->code;
  // What a tool of the host says is told as its text alone; libvirt runs them without a language.
  const bool full =
      (number == VIR_ERR_SYSTEM_ERROR && last->int1 == ENOSPC) ||
      (number != 0 && last_text().find("No space left on device") != std::string::npos);
  if (full)
    return {Code::TooManyRequests, doing + ": the host's storage is full", "WaitForCapacity"};
  const Code code = code_of(number);
  return {code, doing + " failed: " + explanation(code) + " (libvirt error " +
                    std::to_string(number) + ")"};
}

Error last_error(const std::string& doing) {
  log_warn("libvirt", "call failed",
           {{"doing", doing}, {"code", std::to_string(last_code())}, {"text", last_text()}});
  return last_error_unlogged(doing);
}

bool last_was_absence() {
  const int number = last_code();
  return number == VIR_ERR_NO_DOMAIN || number == VIR_ERR_NO_STORAGE_VOL ||
         number == VIR_ERR_NO_STORAGE_POOL || number == VIR_ERR_NO_NETWORK;
}

bool last_was_unsupported() {
  const int number = last_code();
  return number == VIR_ERR_NO_SUPPORT || number == VIR_ERR_ARGUMENT_UNSUPPORTED ||
         number == VIR_ERR_OPERATION_UNSUPPORTED;
}

}  // namespace charter::libvirt

#include "reconcilers/billing/commands.h"

#include "controller/base/limits.h"
#include "controller/runtime/kubeconfig.h"
#include "controller/runtime/rest_transport.h"
#include "crds/types/invoice.h"
#include "crds/types/usage_report.h"
#include "reconcilers/invoice/render.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <ostream>

namespace charter::billing {
namespace {

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Letters that a query may hold as they are; names and times have no others but ':' and '+'.
std::string encoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

/// A connection and the namespace that it is used in.
struct Server {
  std::unique_ptr<RestTransport> transport;
  std::string ns;
  std::string path(const char* resource, const std::string& name) const {
    return "/apis/charter.dev/v1alpha1/namespaces/" + encoded(ns) + "/" + resource + "/" +
           encoded(name);
  }
};

Result<Server> connect(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(const auto config, read_kubeconfig(kubeconfig_path(input.flag("kubeconfig"),
                                                                        environment("KUBECONFIG"),
                                                                        environment("HOME")),
                                                        input.flag("context")));
  Server server;
  server.ns = input.flag("namespace");
  if (server.ns.empty()) server.ns = config.ns.empty() ? "default" : config.ns;
  CHARTER_TRY_ASSIGN(server.transport, RestTransport::open(config, limits::kAnswerTimeout));
  return server;
}

std::vector<CommandFlag> flags(std::vector<CommandFlag> own) {
  own.push_back({.name = "namespace", .help = "Default: the context's", .letter = "n"});
  own.push_back({.name = "kubeconfig", .help = "Default: $KUBECONFIG, else ~/.kube/config"});
  own.push_back({.name = "context", .help = "Context of the kubeconfig; default: its current one"});
  return own;
}

Status put(std::ostream& out, const std::string& file, const std::string& text) {
  if (file.empty()) {
    out << text;
    return {};
  }
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  if (stream) return {};
  return Error{Code::InternalError, "cannot write " + file};
}

Result<std::string> accept_of(const std::string& format) {
  if (format == "csv") return std::string("text/csv");
  if (format == "focus") return std::string("text/csv;profile=focus");
  if (format == "json") return std::string("application/json");
  return Error{Code::Invalid, "--format: \"" + format + "\" is none of csv, focus, json"};
}

Status export_usage(const CommandInput& input, std::ostream& out) {
  CHARTER_TRY_ASSIGN(const auto accept, accept_of(input.flag("format")));
  CHARTER_TRY_ASSIGN(const auto server, connect(input));
  std::string query;
  for (const char* parameter : {"from", "to", "granularity"}) {
    const auto& value = input.flag(parameter);
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + std::string(parameter) + "=" + encoded(value);
  }
  CHARTER_TRY_ASSIGN(const auto text,
                     server.transport->get_text(
                         server.path("contracts", input.words.front()) + "/usage" + query, accept));
  return put(out, input.flag("output"), text);
}

// The days that the page draws; a bill can be shown without the right to read usage.
std::vector<UsageReport::Days> days_of(const Server& server, const Invoice& invoice) {
  std::vector<UsageReport::Days> days;
  const auto& period = invoice.spec.period;
  const auto usage = server.transport->get(server.path("contracts", invoice.spec.contract.name) +
                                           "/usage?from=" + encoded(format_time(period.from)) +
                                           "&to=" + encoded(format_time(period.to)));
  const auto* list = usage ? at(*usage, {"days"}) : nullptr;
  if (list == nullptr || !list->is_array()) return days;
  for (const auto& entry : *list) {
    const auto from = parse_time(text_at(entry, {"from"})), to = parse_time(text_at(entry, {"to"}));
    if (from && to) days.push_back({*from, *to, text_at(entry, {"machines"})});
  }
  return days;
}

Status show_invoice(const CommandInput& input, std::ostream& out) {
  CHARTER_TRY_ASSIGN(const auto server, connect(input));
  CHARTER_TRY_ASSIGN(const auto tree,
                     server.transport->get(server.path("invoices", input.words.front())));
  CHARTER_TRY_ASSIGN(const auto invoice, read_invoice(tree));
  const auto &html = input.flag("html"), &pdf = input.flag("pdf");
  if (!html.empty() || !pdf.empty()) {
    const auto days = days_of(server, invoice);
    if (!html.empty()) CHARTER_TRY(put(out, html, invoice::as_html(invoice, days)));
    if (!pdf.empty()) CHARTER_TRY(put(out, pdf, invoice::as_pdf(invoice, days)));
  }
  return put(out, "", invoice::as_text(invoice));
}

using Run = Status (*)(const CommandInput&, std::ostream&);

std::function<int(const CommandInput&)> one_name(const char* title, Run run, std::ostream& out,
                                                 std::ostream& err) {
  return [title, run, &out, &err](const CommandInput& input) {
    if (input.words.size() != 1) {
      err << "charter " << title << ": exactly one name is needed\n";
      return kWrongUsage;
    }
    const Status done = run(input, out);
    if (done) return kFine;
    err << "charter " << title << ": " << done.error().message << "\n";
    return done.error().code == Code::Invalid ? kWrongUsage : kFailed;
  };
}

}  // namespace

std::vector<Command> commands(std::ostream& out, std::ostream& err) {
  Command usage;
  usage.name = "usage export";
  usage.summary = "Write what was used under a contract as CSV, FOCUS or JSON";
  usage.example =
      "charter usage export orders -n consumerco --from 2026-06-01T00:00:00Z --to "
      "2026-07-01T00:00:00Z --format focus -o june.csv";
  usage.flags =
      flags({{.name = "from", .help = "First moment; default: this month, in UTC"},
             {.name = "to", .help = "First moment after it"},
             {.name = "granularity", .help = "Total, Day or Hour"},
             {.name = "format", .help = "csv, focus or json", .fallback = "csv"},
             {.name = "output", .help = "File; default: standard output", .letter = "o"}});
  usage.words_help = "CONTRACT";
  usage.run = one_name("usage export", export_usage, out, err);
  Command invoice;
  invoice.name = "invoice show";
  invoice.summary = "Print a bill, or write it as a page or PDF with the usage drawn";
  invoice.example = "charter invoice show orders-2026-06 -n consumerco --pdf june.pdf";
  invoice.flags = flags({{.name = "html", .help = "Also write it as a page to this file"},
                         {.name = "pdf", .help = "Also write it as a PDF to this file"}});
  invoice.words_help = "NAME";
  invoice.run = one_name("invoice show", show_invoice, out, err);
  return {usage, invoice};
}

}  // namespace charter::billing

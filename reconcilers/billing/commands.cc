#include "reconcilers/billing/commands.h"

#include "controller/base/limits.h"
#include "controller/base/terminal.h"
#include "controller/runtime/command_server.h"
#include "controller/runtime/rest_client.h"
#include "crds/types/invoice.h"
#include "crds/types/kinds.h"
#include "crds/types/usage_report.h"
#include "reconcilers/invoice/render.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <ostream>
#include <string_view>

namespace charter::billing {
namespace {

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

/// A connection and the namespace that it is used in.
struct Server {
  std::unique_ptr<RestTransport> transport;
  std::string ns;
  std::string path(const Gvr& resource, const std::string& name) const {
    return resource_path(resource, {ns, name});
  }
};

Result<Server> connect(const CommandInput& input) {
  CHARTER_TRY_ASSIGN(auto found, open_server(input));
  const auto& ns = input.flag("namespace");
  return Server{std::move(found.transport), ns.empty() ? found.ns : ns};
}

std::vector<CommandFlag> flags(std::vector<CommandFlag> own) {
  own.push_back({.name = "namespace", .help = "Default: the context's", .letter = "n"});
  for (auto& flag : server_flags())
    own.push_back(std::move(flag));
  return own;
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
    query += (query.empty() ? "?" : "&") + std::string(parameter) + "=" + percent_encode(value);
  }
  const auto path = server.path(kinds::contracts(), input.words.front()) + "/usage" + query;
  CountLine line("bytes received");
  std::string text;
  const auto take = [&](std::string_view piece) -> Status {
    if (text.size() + piece.size() > limits::kAnswerBytesMax)
      return Error{Code::Invalid, "--from, --to: the answer is too long; ask for a shorter period"};
    text += piece;
    line.show(text.size());
    return {};
  };
  CHARTER_TRY(server.transport->get_pieces(path, take, accept));
  line.clear();
  return write_output(out, input.flag("output"), text);
}

// The days that the page draws; a bill can be shown without the right to read usage.
std::vector<UsageReport::Days> days_of(const Server& server, const Invoice& invoice) {
  std::vector<UsageReport::Days> days;
  const auto& period = invoice.spec.period;
  const auto usage =
      server.transport->get(server.path(kinds::contracts(), invoice.spec.contract.name) +
                            "/usage?from=" + percent_encode(format_time(period.from)) +
                            "&to=" + percent_encode(format_time(period.to)));
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
                     server.transport->get(server.path(kinds::invoices(), input.words.front())));
  CHARTER_TRY_ASSIGN(const auto invoice, read_invoice(tree));
  const auto &html = input.flag("html"), &pdf = input.flag("pdf");
  if (!html.empty() || !pdf.empty()) {
    const auto days = days_of(server, invoice);
    if (!html.empty()) CHARTER_TRY(write_output(out, html, invoice::as_html(invoice, days)));
    if (!pdf.empty()) CHARTER_TRY(write_output(out, pdf, invoice::as_pdf(invoice, days)));
  }
  return write_output(out, "", invoice::as_text(invoice));
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
  for (auto& flag : operator_server_flags())
    usage.flags.push_back(std::move(flag));
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

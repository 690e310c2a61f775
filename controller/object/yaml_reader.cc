#include "controller/base/limits.h"
#include "controller/object/json_text.h"
#include "controller/object/yaml_documents.h"
#include "controller/object/yaml_scalar.h"

#include <nlohmann/json.hpp>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

namespace charter {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr std::string_view kMergeKey = "<<";

/// Leaves the parser from within a callback. Never leaves this file.
struct Refusal {
  int line;  // from 0, in the chunk
  std::string what;
};

/// Nodes, bytes and depth of a tree: what one more copy of it costs.
struct Weight {
  size_t nodes = 1;
  size_t bytes = 0;
  size_t depth = 0;
  void add_child(const Weight& child) {
    nodes += child.nodes;
    bytes += child.bytes;
    depth = std::max(depth, child.depth + 1);
  }
};

/// Builds the tree of one document from yaml-cpp's events. Throws Refusal.
class DocumentBuilder final : public YAML::EventHandler {
 public:
  explicit DocumentBuilder(std::vector<std::string>* duplicates) : duplicates_(duplicates) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, nullptr, {});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(mark, "an anchor's value contains itself");
    charge_copy(mark, known->second.weight);
    // An alias may stand deep and bring depth of its own, again and again.
    if (frames_.size() + known->second.weight.depth > limits::kDocumentDepthMax) {
      refuse(mark, too_deep_text());
    }
    add(mark, 0, known->second.value, known->second.weight);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (expects_key() && tag == "?" && text == kMergeKey) {
      frames_.back().key = kMergeKey;
      frames_.back().is_merge = true;
      return;
    }
    add(mark, anchor, scalar(mark, tag, text), Weight{1, text.size()});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::array());
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::object());
  }
  void OnMapEnd() override {
    Frame& frame = frames_.back();
    // The map's own keys win over merged ones, earlier sources over later ones.
    for (Json& source : frame.merges) {
      for (auto& [key, value] : source.get_ref<Json::object_t&>()) {
        frame.value.get_ref<Json::object_t&>().try_emplace(key, std::move(value));
      }
    }
    close();
  }

  Json take() { return std::move(root_); }

 private:
  /// An open list or map.
  struct Frame {
    Json value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    Weight weight;
    std::optional<std::string> key = std::nullopt;  // in a map: read, and its value is to come
    bool is_merge = false;                          // the key was a plain <<
    std::vector<Json> merges = {};
  };

  /// A finished anchored node.
  struct Anchored {
    Json value;
    Weight weight;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, const std::string& what) {
    throw Refusal{mark.line, what};
  }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  void count(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= limits::kDocumentNodesMax) return;
    refuse(mark, "document has more than " + std::to_string(limits::kDocumentNodesMax) + " nodes");
  }

  /// Copies are what a small text can make large: each one is paid for in nodes and in bytes.
  void charge_copy(const YAML::Mark& mark, const Weight& weight) {
    copied_nodes_ += weight.nodes;
    copied_bytes_ += weight.bytes;
    if (copied_nodes_ > limits::kYamlCopiedNodesMax || copied_bytes_ > limits::kBodyBytesMax) {
      refuse(mark, "document contains excessive aliasing");
    }
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Json container) {
    if (expects_key()) refuse(mark, "a key must be a string, a number or a boolean");
    if (frames_.size() >= limits::kDocumentDepthMax) refuse(mark, too_deep_text());
    count(mark, 1);
    // Re-used anchors name the newer node, also inside it.
    frames_.push_back(Frame{std::move(container), anchor, mark, {}});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    nodes_ -= 1;  // add() counts it again
    add(frame.mark, frame.anchor, std::move(frame.value), frame.weight);
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Json value, Weight weight) {
    count(mark, 1);
    if (anchor != 0) {
      charge_copy(mark, weight);
      anchors_[anchor] = Anchored{value, weight};
    }
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    frame.weight.add_child(weight);
    if (frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else if (!frame.key) {
      set_key(frame, mark, value);
    } else if (std::exchange(frame.is_merge, false)) {
      merge(frame, mark, std::move(value));
      frame.key.reset();
    } else {
      put(frame, std::move(value));
    }
  }

  void set_key(Frame& frame, const YAML::Mark& mark, const Json& value) {
    auto key = yaml_key(value);
    if (!key) refuse(mark, "a key must be a string, a number or a boolean");
    frame.key = std::move(*key);
    if (duplicates_ != nullptr && frame.value.contains(*frame.key)) report_duplicate();
  }

  static void put(Frame& frame, Json value) {
    frame.value[*frame.key] = std::move(value);
    frame.key.reset();
  }

  static void merge(Frame& frame, const YAML::Mark& mark, Json value) {
    if (value.is_object()) {
      frame.merges.push_back(std::move(value));
      return;
    }
    if (!value.is_array()) refuse(mark, "map merge requires map or sequence of maps as the value");
    for (Json& source : value) {
      if (!source.is_object()) {
        refuse(mark, "map merge requires map or sequence of maps as the value");
      }
      frame.merges.push_back(std::move(source));
    }
  }

  static Json scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    if (tag == "?") return finite(mark, resolve_plain_scalar(text), text);
    if (!tag.starts_with(kTagPrefix)) return text;  // quoted, or a tag that nobody knows
    const std::string_view type = std::string_view(tag).substr(kTagPrefix.size());
    if (type == "binary") {
      auto bytes = decode_yaml_binary(text);
      if (!bytes) refuse(mark, "!!binary value contains invalid base64");
      return std::move(*bytes);
    }
    constexpr std::string_view kTyped[] = {"int", "float", "bool", "null"};
    if (std::find(std::begin(kTyped), std::end(kTyped), type) == std::end(kTyped)) return text;
    Json value = finite(mark, resolve_plain_scalar(text), text);
    const bool fits = (type == "int" && value.is_number_integer()) ||
                      (type == "float" && value.is_number()) ||
                      (type == "bool" && value.is_boolean()) || (type == "null" && value.is_null());
    if (!fits) refuse(mark, "cannot decode `" + text + "` as a !!" + std::string(type));
    return value;
  }

  static Json finite(const YAML::Mark& mark, Json value, const std::string& text) {
    const bool broken = value.is_number_float() && !std::isfinite(value.get<double>());
    if (broken) refuse(mark, "unsupported value: " + text);
    return value;
  }

  void report_duplicate() {
    if (duplicates_->size() >= limits::kCausesMax) return;
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.value.is_array()) {
        path += "[" + std::to_string(frame.value.size()) + "]";
      } else {
        path += (path.empty() ? "" : ".") + frame.key.value_or("");
      }
    }
    const bool known =
        std::find(duplicates_->begin(), duplicates_->end(), path) != duplicates_->end();
    if (!known) duplicates_->push_back(std::move(path));
  }

  std::vector<std::string>* duplicates_;
  Json root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t nodes_ = 0;
  size_t copied_nodes_ = 0;
  size_t copied_bytes_ = 0;
};

Error syntax_error(size_t line, const std::string& what) {
  return Error{Code::BadRequest, "yaml: line " + std::to_string(line) + ": " + what};
}

/// yaml-cpp's complaint in the words of Kubernetes' own parser.
std::string translate(const std::string& message) {
  using namespace YAML::ErrorMsg;
  const std::pair<const char*, const char*> kTexts[] = {
      {MAP_VALUE, "mapping values are not allowed in this context"},
      {END_OF_MAP, "did not find expected key"},
      {END_OF_SEQ, "did not find expected '-' indicator"},
      {END_OF_MAP_FLOW, "did not find expected ',' or '}'"},
      {END_OF_SEQ_FLOW, "did not find expected ',' or ']'"},
      {FLOW_END, "did not find the bracket that this one closes"},
      {DOC_IN_SCALAR, "found unexpected end of a quoted text"},
      {EOF_IN_SCALAR, "found unexpected end of a quoted text"},
      {UNKNOWN_TOKEN, "found character that cannot start any token"},
      {TAB_IN_INDENTATION, "found a tab character where an indentation space is expected"},
      {BLOCK_ENTRY, "block sequence entries are not allowed in this context"},
      {MAP_KEY, "mapping keys are not allowed in this context"},
      {UNKNOWN_ANCHOR, "unknown anchor referenced"},
  };
  for (const auto& [theirs, ours] : kTexts) {
    if (message.starts_with(theirs)) return ours;
  }
  return "could not parse this line";
}

/// Parses one chunk as YAML proper.
Result<Json> read_chunk(const YamlChunk& chunk, std::vector<std::string>* duplicates) {
  DocumentBuilder builder(duplicates);
  try {
    // The end marker makes yaml-cpp notice a quoted text that never ends, and gives the last line
    // its newline.
    std::istringstream in(std::string(chunk.text) + (chunk.text.ends_with('\n') ? "" : "\n") +
                          "...\n");
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return Json(nullptr);
    Json tree = builder.take();
    // Without this, "- a\nb: c" would silently be two documents, and what follows "," would never
    // end.
    DocumentBuilder rest(nullptr);
    if (parser.HandleNextDocument(rest)) {
      return syntax_error(chunk.line, "did not find expected <document start>");
    }
    return tree;
  } catch (const Refusal& refusal) {
    return syntax_error(chunk.line + static_cast<size_t>(refusal.line), refusal.what);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line;
    return syntax_error(chunk.line + static_cast<size_t>(line), translate(error.msg));
  }
}

/// JSON first where the text looks like it: YAML forbids some of what JSON's strings may hold.
Result<Json> read_either(const YamlChunk& chunk, std::vector<std::string>* duplicates) {
  const size_t first = chunk.text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (chunk.text[first] == '{' || chunk.text[first] == '[')) {
    CHARTER_TRY(check_document(chunk.text));
    std::vector<std::string> repeated;
    auto tree = read_json(chunk.text, duplicates != nullptr ? &repeated : nullptr);
    if (tree) {
      if (duplicates != nullptr) *duplicates = std::move(repeated);
      return tree;
    }
  }
  return read_chunk(chunk, duplicates);
}

}  // namespace

Result<Json> parse_yaml(std::string_view text, std::vector<std::string>* duplicates) {
  CHARTER_TRY(check_text(text));
  CHARTER_TRY_ASSIGN(const std::vector<YamlChunk> chunks, split_yaml(text));
  if (chunks.empty()) return Json(nullptr);
  if (chunks.size() > 1) {
    return syntax_error(chunks[1].line, "one document is expected, this is a second one");
  }
  return read_either(chunks[0], duplicates);
}

Result<std::vector<Json>> parse_yaml_stream(std::string_view text) {
  CHARTER_TRY(check_text(text));
  CHARTER_TRY_ASSIGN(const std::vector<YamlChunk> chunks, split_yaml(text));
  std::vector<Json> trees;
  for (const YamlChunk& chunk : chunks) {
    auto tree = read_either(chunk, nullptr);
    if (!tree) {
      tree.error().message =
          "document " + std::to_string(trees.size() + 1) + ": " + tree.error().message;
      return std::move(tree.error());
    }
    trees.push_back(std::move(*tree));
  }
  return trees;
}

}  // namespace charter

#include "controller/store/wal_mark.h"
#include "tests/store/store_fixture.h"

#include <fstream>
#include <functional>

// Damage in the WAL of a store that was killed: refused when it takes acknowledged writes away, and
// only then.
namespace charter::testing {
namespace {

constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameBytes = 24 + 4096;
constexpr const char* kWal = "charter.db-wal";
constexpr const char* kMark = "charter.db-acked";

/// The files of a directory as a kill would leave them.
using Image = std::map<std::string, std::string>;

Image image_of(const std::string& dir) {
  Image files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

void lay_out(const Image& image, const std::string& dir) {
  for (const auto& [name, bytes] : image)
    std::ofstream(dir + "/" + name, std::ios::binary) << bytes;
}

std::string flipped(std::string bytes, size_t at, int bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

class Wal : public ::testing::Test {
 protected:
  Wal() {
    store_ = must_open(inline_options(dir_.path()));
    for (int i = 0; i < 8; ++i)
      add();
    half_ = image_of(dir_.path());
    half_state_ = state();
    for (int i = 0; i < 8; ++i)
      add();
    whole_ = image_of(dir_.path());
    whole_state_ = state();
  }

  void add() { must_commit(*store_, create({"n", "x" + std::to_string(next_++)}, "v", kBucket)); }
  std::vector<std::string> state() { return visible_state(*store_, {std::string(kBucket)}); }

  /// Bytes of the WAL up to which writes were acknowledged.
  static size_t acked_bytes(const Image& image) {
    const std::string& mark = image.at(kMark);
    size_t frames = 0;
    for (size_t i = 16; i < 20; ++i)
      frames = frames << 8 | static_cast<unsigned char>(mark[i]);
    return kHeaderBytes + frames * kFrameBytes;
  }

  /// Both the start and verify say so, and no byte changes.
  static void expect_refused(const Image& image, const std::string& what) {
    const TempDir copy;
    lay_out(image, copy.path());
    const auto store = Store::open(inline_options(copy.path()));
    ASSERT_FALSE(store) << what;
    EXPECT_EQ(store.error().code, Code::InternalError);
    EXPECT_NE(store.error().message.find("the store is damaged: charter.db-"), std::string::npos)
        << store.error().message;
    EXPECT_NE(store.error().message.find("remove charter.db-acked to start"), std::string::npos);
    const auto findings = verify_store(copy.path());
    ASSERT_TRUE(findings) << what;
    EXPECT_EQ(findings->size(), 1u) << what;
    Image after = image_of(copy.path());
    for (const auto& [name, bytes] : image)
      EXPECT_TRUE(after[name] == bytes) << what << " changed " << name;
  }

  static std::vector<std::string> opened_state(const Image& image) {
    const TempDir copy;
    lay_out(image, copy.path());
    const auto findings = verify_store(copy.path());
    EXPECT_TRUE(findings && findings->empty());
    return visible_state(*must_open(inline_options(copy.path())), {std::string(kBucket)});
  }

  const TempDir dir_;
  std::unique_ptr<Store> store_;
  int next_ = 0;
  Image half_, whole_;
  std::vector<std::string> half_state_, whole_state_;
};

TEST_F(Wal, A_kill_leaves_all_of_it) {
  EXPECT_EQ(acked_bytes(whole_), whole_[kWal].size());
  EXPECT_EQ(opened_state(whole_), whole_state_);
}

TEST_F(Wal, A_flipped_bit_in_any_region_of_what_was_acknowledged_is_refused) {
  std::vector<size_t> places;
  for (size_t at = 0; at < kHeaderBytes; ++at)
    places.push_back(at);
  const size_t frames = (acked_bytes(whole_) - kHeaderBytes) / kFrameBytes;
  ASSERT_GT(frames, 16u);
  for (size_t frame = 0; frame < frames; ++frame) {
    const size_t start = kHeaderBytes + frame * kFrameBytes;
    // Page number, size after commit, both salts, both sums, the page's first, middle and last
    // byte.
    for (const size_t at : {0, 7, 11, 12, 16, 23, 24, 2000, 4119})
      places.push_back(start + at);
  }
  for (const size_t at : places) {
    Image image = whole_;
    image[kWal] = flipped(image[kWal], at, static_cast<int>(at % 8));
    expect_refused(image, "byte " + std::to_string(at));
  }
}

TEST_F(Wal, A_wal_that_was_cut_is_refused_unless_only_unacknowledged_writes_are_gone) {
  for (size_t length = 0; length < whole_[kWal].size(); length += 2048) {
    Image image = whole_;
    image[kWal].resize(length);
    expect_refused(image, "cut at " + std::to_string(length));
  }
  Image gone = whole_;
  gone.erase(kWal);
  expect_refused(gone, "no WAL");
  // The mark of half-way: what came after was never acknowledged, wherever the cut is.
  for (size_t length = acked_bytes(half_); length < whole_[kWal].size(); length += 512) {
    Image image = whole_;
    image[kMark] = half_[kMark];
    image[kWal].resize(length);
    const std::vector<std::string> state = opened_state(image);
    ASSERT_GE(state.size(), half_state_.size()) << length;
    ASSERT_LE(state.size(), whole_state_.size()) << length;
  }
}

TEST_F(Wal, A_torn_tail_behind_the_mark_opens_with_what_was_acknowledged) {
  const size_t from = acked_bytes(half_);
  for (size_t at = from; at < whole_[kWal].size(); at += 1999) {
    Image image = whole_;
    image[kMark] = half_[kMark];
    image[kWal] = flipped(image[kWal], at, 3);
    ASSERT_GE(opened_state(image).size(), half_state_.size()) << at;
  }
  Image zeros = half_;
  zeros[kWal] += std::string(3 * kFrameBytes, '\0');
  EXPECT_EQ(opened_state(zeros), half_state_);
}

TEST_F(Wal, A_mark_of_a_generation_that_was_checkpointed_asks_for_nothing) {
  store_.reset();
  store_ = must_open(inline_options(dir_.path()));
  // Small as they are, these writes reach the checkpoint after a while: the WAL starts again.
  const std::string salts = image_of(dir_.path())[kWal].substr(16, 8);
  while (image_of(dir_.path())[kWal].substr(16, 8) == salts) {
    must_commit(*store_, create({"n", "big" + std::to_string(next_++)}, std::string(200'000, 'x')));
  }
  Image image = image_of(dir_.path());
  const std::vector<std::string> newest = state();
  EXPECT_EQ(opened_state(image), newest);
  image[kMark] = whole_[kMark];
  EXPECT_EQ(opened_state(image), newest);
}

TEST_F(Wal, Without_a_mark_the_wal_is_read_as_before_and_a_damaged_mark_is_refused) {
  Image image = whole_;
  image.erase(kMark);
  EXPECT_EQ(opened_state(image), whole_state_);
  image[kMark] = std::string(24, '\0');
  EXPECT_EQ(opened_state(image), whole_state_);
  for (size_t at = 0; at < whole_[kMark].size(); ++at) {
    image[kMark] = flipped(whole_[kMark], at, 5);
    expect_refused(image, "mark, byte " + std::to_string(at));
  }
}

TEST_F(Wal, After_a_clean_stop_nothing_in_it_is_needed) {
  store_->stop();
  Image image = image_of(dir_.path());
  image.erase(kWal);
  EXPECT_EQ(opened_state(image), whole_state_);
}

}  // namespace
}  // namespace charter::testing

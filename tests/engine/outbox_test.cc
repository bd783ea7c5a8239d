// Outboxes of files on a disk that dies at every one of its calls: what is published once is
// published, what is published again is the same, and readers see nothing vanish or change.

#include "engine/sink/outbox.h"

#include "engine/sink/file_outbox.h"
#include "engine/sink/part_outbox.h"
#include "state/batch.h"
#include "tests/store/buggy_disk.h"
#include "tests/store/sim_disk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace thalweg::test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "results";

// Twice the same bytes in pieces of three.
OutboxBytes pieces_of(std::string text) {
    return [text = std::move(text)](const auto& visit) -> Result<void> {
        for (std::size_t i = 0; i < text.size(); i += 3) {
            const std::string_view piece = std::string_view(text).substr(i, 3);
            TRY_VOID(visit(std::as_bytes(std::span(piece))));
        }
        return {};
    };
}

std::string text_of(const std::vector<std::byte>& bytes) {
    std::string text(bytes.size(), '\0');
    std::ranges::transform(
        bytes, text.begin(), [](std::byte byte) { return static_cast<char>(byte); });
    return text;
}

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// What a reader finds: names without a dot, and what they hold.
using View = std::map<std::string, std::string>;

View look(const SimDisk& disk) {
    View view;
    for (const std::string& name : disk.names()) {
        if (!name.starts_with('.')) view[name] = text_of(disk.content(name));
    }
    return view;
}

enum class Kind : std::uint8_t { kFile, kParts };
enum class Death : std::uint8_t { kKill, kPowerCut };

struct Epoch {
    std::string text;
    std::int64_t now_ns = 0;  // When it is published.
};

// Parts roll at 10 bytes or after 100 ns: part 0 is epochs 1 and 2, part 1 is epoch 3, rolled by
// time in epoch 4, which has no bytes; part 2 is epochs 5 and 6, closed in the end.
const std::vector<Epoch> kEpochs = {
    {"alpha\n", 1'000},
    {"beta, gamma\n", 1'010},
    {"delta\n", 1'020},
    {"", 1'200},
    {"epsilon\n", 1'210},
    {"z\n", 1'220},
};

View expected_view(Kind kind) {
    if (kind == Kind::kParts) {
        return {{"part-00000000", "alpha\nbeta, gamma\n"},
                {"part-00000001", "delta\n"},
                {"part-00000002", "epsilon\nz\n"}};
    }
    std::string all;
    for (const Epoch& epoch : kEpochs)
        all += epoch.text;
    return {{std::string(kName), all}};
}

std::unique_ptr<OutboxTarget> make_target(Kind kind, Disk& disk) {
    if (kind == Kind::kFile) return std::make_unique<FileOutbox>(disk, std::string(kName));
    return std::make_unique<PartOutbox>(disk, RollingPolicy{.bytes = 10, .interval_ns = 100});
}

// The newest snapshot, as far as it matters here: epochs that were not published when it was made,
// and where the first of them goes.
struct Snapshot {
    std::string position;
    std::size_t first = 0;  // Of kEpochs; the end excluded.
    std::size_t end = 0;
};

// One life of a process, to the end of the query. Throws SimCrash. Its clock may be another than
// that of the one before. What was recovered is published after a commit of the process itself,
// with an epoch more.
Result<void> live(Kind kind,
                  Disk& disk,
                  std::optional<Snapshot>& newest,
                  std::int64_t clock_shift_ns,
                  const std::function<void()>& make_room = nullptr) {
    const auto target = make_target(kind, disk);
    if (newest) {
        TRY_VOID(target->recover(newest->position));
    } else {
        TRY_VOID(target->start_fresh());
    }
    std::size_t published = newest ? newest->first : 0;
    while (published < kEpochs.size()) {
        const std::size_t end = std::min(newest ? newest->end + 1 : 1, kEpochs.size());
        TRY_VOID(target->take_over());
        Snapshot next{target->position(), published, end};
        TRY_VOID(disk.list());  // Stands for the calls of a commit: dying here, there is none.
        newest = std::move(next);
        for (; published < end; ++published) {
            const Epoch& epoch = kEpochs[published];
            Result<void> done =
                target->publish(published, epoch.now_ns + clock_shift_ns, pieces_of(epoch.text));
            if (!done && (done.error().code != Code::kFull || !make_room)) return done;
            if (done) continue;
            make_room();
            break;
        }
    }
    return target->close();
}

// Whether a later look agrees with an earlier one: nothing gone, nothing changed. The holes of a
// power cut are filled.
bool follows(const View& later, const View& earlier, Kind kind) {
    return std::ranges::all_of(earlier, [&](const auto& entry) {
        const auto& [name, before] = entry;
        const auto found = later.find(name);
        if (found == later.end() || found->second.size() < before.size()) return false;
        if (kind == Kind::kParts) return found->second == before;
        for (std::size_t i = 0; i < before.size(); ++i) {
            if (before[i] != found->second[i] && before[i] != '\0') return false;
        }
        return true;
    });
}

bool has_hole(const View& view) {
    return std::ranges::any_of(
        view, [](const auto& entry) { return entry.second.find('\0') != std::string::npos; });
}

struct Trial {
    Kind kind = Kind::kFile;
    Death death = Death::kKill;
    Bug bug = Bug::kNone;
    std::uint64_t seed = 1;
    std::uint64_t first_crash = 0;   // Calls until the first process dies,
    std::uint64_t second_crash = 0;  // and the second.
};

// Runs a trial to its end. Empty if all was well. `crashes`: how many of the processes have died.
std::string problem_of(const Trial& trial, std::size_t& crashes) {
    SimDisk disk(trial.seed);
    if (trial.kind == Kind::kFile && trial.seed % 2 == 0)
        disk.replace(kName, bytes_of("of an earlier query"));
    const View whole = expected_view(trial.kind);
    std::optional<Snapshot> newest;
    View seen;  // By a reader, since there has been a snapshot.
    for (std::size_t life = 0; life < 3; ++life) {
        if (life == 0) disk.crash_at(trial.first_crash);
        if (life == 1) disk.crash_at(trial.second_crash);
        BuggyDisk buggy(disk, trial.bug);
        try {
            const Result<void> lived = live(trial.kind, buggy, newest, 7 * std::int64_t(life));
            if (!lived) return lived.error().message;
        } catch (const SimCrash&) {
            crashes = life + 1;
        }
        disk.heal();
        disk.kill();
        if (!newest) continue;
        const View now = look(disk);
        if (!follows(now, seen, trial.kind)) return "something vanished or changed";
        if (!follows(whole, now, trial.kind)) return "foreign results";
        if (trial.death == Death::kKill && has_hole(now)) return "bytes that nobody wrote";
        // Some first processes are killed, so that what they did is in memory alone.
        const bool is_killed = life == 0 && trial.seed % 3 == 0;
        if (trial.death == Death::kPowerCut && !is_killed) disk.cut_power();
        seen = look(disk);
        if (!follows(whole, seen, trial.kind)) return "foreign results after a power cut";
        if (crashes == life + 1) continue;
        return seen == whole ? "" : "the results are not those of the epochs";
    }
    return "";
}

// Dies at every call of the first process, and then at every call of the second.
std::string first_problem(Kind kind, Death death, Bug bug, std::uint64_t seed) {
    std::size_t crashes = 1;
    for (std::uint64_t first = 0; crashes > 0; ++first) {
        crashes = 2;
        for (std::uint64_t second = 0; crashes == 2; ++second) {
            crashes = 0;
            const Trial trial{kind, death, bug, seed, first, second};
            const std::string problem = problem_of(trial, crashes);
            if (!problem.empty()) {
                return "crash at " + std::to_string(first) + ", then at " + std::to_string(second) +
                       ", seed " + std::to_string(seed) + ": " + problem;
            }
        }
    }
    return "";
}

TEST_CASE("outbox: processes that are killed at any two calls publish each epoch once") {
    CHECK_EQ(first_problem(Kind::kFile, Death::kKill, Bug::kNone, 1), "");
    CHECK_EQ(first_problem(Kind::kParts, Death::kKill, Bug::kNone, 1), "");
}

TEST_CASE("outbox: power cuts at any two calls cost nothing that was published") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CHECK_EQ(first_problem(Kind::kFile, Death::kPowerCut, Bug::kNone, seed), "");
        CHECK_EQ(first_problem(Kind::kParts, Death::kPowerCut, Bug::kNone, seed), "");
    }
}

TEST_CASE("outbox: a sync that is forgotten is found") {
    for (const Kind kind : {Kind::kFile, Kind::kParts}) {
        for (const Bug bug : {Bug::kNoFileSync, Bug::kNoDirectorySync}) {
            bool is_found = false;
            for (std::uint64_t seed = 1; seed <= 20 && !is_found; ++seed)
                is_found = !first_problem(kind, Death::kPowerCut, bug, seed).empty();
            CHECK_MESSAGE(is_found, "kind " << int(kind) << " bug " << int(bug));
        }
    }
}

// Publishes the first epochs and dies.
void publish_some(Kind kind, SimDisk& disk, std::size_t count, std::string& position) {
    const auto target = make_target(kind, disk);
    REQUIRE(target->start_fresh().has_value());
    REQUIRE(target->take_over().has_value());
    for (std::size_t i = 0; i < count; ++i) {
        position = target->position();
        const auto published = target->publish(i, kEpochs[i].now_ns, pieces_of(kEpochs[i].text));
        REQUIRE(published.has_value());
    }
}

std::string error_of(const Result<void>& result) {
    return result ? "" : result.error().message;
}

// Of recovering the second epoch, which is the last.
std::string recovery_error(Kind kind, SimDisk& disk, const std::string& position) {
    const auto target = make_target(kind, disk);
    const auto recover = [&]() -> Result<void> {
        TRY_VOID(target->recover(position));
        TRY_VOID(target->publish(1, 0, pieces_of(kEpochs[1].text)));
        return target->close();
    };
    return error_of(recover());
}

TEST_CASE("outbox: a file that is not as it was left is refused, and left alone") {
    struct Case {
        std::string content;
        std::string expected;
    };

    const std::vector<Case> cases = {
        {"alpha\nbeta, gamma\n", ""},
        {"alpha\nbeta", ""},
        {"alpha\n", ""},
        {std::string("alpha\nbe\0\0, ga", 14), ""},
        {"alph",
         "sim/results has 4 bytes, and 6 were published into it: it was cut, removed or replaced; "
         "bring the file back, or start anew with an empty state directory"},
        {"alpha\nbeta, gamma\nMINE",
         "sim/results: byte 18 is not of the results that belong there: somebody else has written "
         "to the file, or the state is older than it; cut it where the results go on (truncate -s "
         "18), or move it away and start anew with an empty state directory"},
        {"alpha\nbetMINE",
         "sim/results: byte 9 is not of the results that belong there: somebody else has written "
         "to the file, or the state is older than it; cut it where the results go on (truncate -s "
         "6), or move it away and start anew with an empty state directory"},
    };
    for (const Case& one : cases) {
        SimDisk disk(1);
        std::string position;
        publish_some(Kind::kFile, disk, 2, position);
        CHECK_EQ(position, "file 6");
        disk.replace(kName, bytes_of(one.content));
        CHECK_EQ(recovery_error(Kind::kFile, disk, position), one.expected);
        const std::string after = text_of(disk.content(kName));
        CHECK_EQ(after, one.expected.empty() ? "alpha\nbeta, gamma\n" : one.content);
    }
    SimDisk disk(1);
    std::string position;
    publish_some(Kind::kFile, disk, 2, position);
    disk.remove(kName);
    CHECK(recovery_error(Kind::kFile, disk, position).starts_with("sim/results has 0 bytes"));
    CHECK(disk.names().empty());
}

TEST_CASE("outbox: somebody who writes to the file while we do is found before the next epoch") {
    SimDisk disk(1);
    FileOutbox outbox(disk, std::string(kName));
    REQUIRE(outbox.start_fresh().has_value());
    REQUIRE(outbox.take_over().has_value());
    REQUIRE(outbox.publish(1, 0, pieces_of("one\n")).has_value());
    REQUIRE(disk.open_to_write(kName).value()->write(4, bytes_of("MINE")).has_value());
    CHECK(error_of(outbox.publish(2, 0, pieces_of("two\n"))).starts_with("sim/results: byte 4"));
    CHECK_EQ(text_of(disk.content(kName)), "one\nMINE");
}

TEST_CASE(
    "outbox: a part in progress is cut to its position, and a complete one is only compared") {
    SimDisk disk(1);
    std::string position;
    publish_some(Kind::kParts, disk, 1, position);
    CHECK_EQ(position, "part 0 0 0");
    publish_some(Kind::kParts, disk, 2, position);
    CHECK_EQ(position, "part 0 6 1000");
    CHECK_EQ(look(disk), View{{"part-00000000", "alpha\nbeta, gamma\n"}});

    CHECK_EQ(recovery_error(Kind::kParts, disk, position), "");
    CHECK_EQ(look(disk), View{{"part-00000000", "alpha\nbeta, gamma\n"}});

    for (const std::string& content :
         {std::string("alpha\nbeta, gamma\nMINE"), std::string("alpha\nbeta, gamm\0\n", 18)}) {
        disk.replace("part-00000000", bytes_of(content));
        CHECK(
            recovery_error(Kind::kParts, disk, position).starts_with("sim/part-00000000: byte 1"));
        CHECK_EQ(text_of(disk.content("part-00000000")), content);
    }
    disk.remove("part-00000000");
    CHECK(recovery_error(Kind::kParts, disk, position)
              .starts_with("sim/.part-00000000.inprogress has 0 bytes, and 6 were published"));
    disk.replace(".part-00000000.inprogress", bytes_of("alpha\nwhatever there is behind it"));
    CHECK_EQ(recovery_error(Kind::kParts, disk, position), "");
    CHECK_EQ(look(disk), View{{"part-00000000", "alpha\nbeta, gamma\n"}});
}

TEST_CASE("outbox: numbers of parts go on behind those that are there, and overwrite none") {
    SimDisk disk(1);
    disk.replace("part-00000041", bytes_of("old"));
    disk.replace(".part-00000042.inprogress", bytes_of("of a process that was killed"));
    PartOutbox outbox(disk, RollingPolicy{.bytes = 10, .interval_ns = 100});
    REQUIRE(outbox.start_fresh().has_value());
    CHECK_EQ(outbox.position(), "part 42 0 0");
    REQUIRE(outbox.publish(1, 0, pieces_of("a new one, complete")).has_value());
    CHECK_EQ(look(disk), View{{"part-00000041", "old"}, {"part-00000042", "a new one, complete"}});
    disk.replace("part-00000043", bytes_of("MINE"));
    CHECK(error_of(outbox.publish(2, 0, pieces_of("b")))
              .starts_with("sim/part-00000043: byte 0 is not"));
    CHECK_EQ(text_of(disk.content("part-00000043")), "MINE");
}

TEST_CASE("outbox: what a power cut kept beside complete parts goes, and nothing else") {
    SimDisk disk(1);
    for (const char* const name : {".part-00000000.inprogress",
                                   ".part-00000001.renewed",
                                   ".part-00000002.inprogress",
                                   ".part-00000000.notes",
                                   ".part-0.inprogress",
                                   "part-00000000",
                                   "part-00000001"})
        disk.replace(name, bytes_of("0123456789"));
    PartOutbox outbox(disk, RollingPolicy{.bytes = 10, .interval_ns = 100});
    REQUIRE(outbox.recover("part 2 5 0").has_value());
    const std::vector<std::string> left = {".part-0.inprogress",
                                           ".part-00000000.notes",
                                           ".part-00000002.inprogress",
                                           "part-00000000",
                                           "part-00000001"};
    CHECK(disk.names() == left);
    CHECK_EQ(disk.content(".part-00000002.inprogress").size(), 5);
}

TEST_CASE("outbox: a position of another kind of sink is refused") {
    SimDisk disk(1);
    for (const char* const position :
         {"", "file", "file x", "file 1 2", "file -1", "part 1 2 3", "file  1", "files 1"}) {
        const std::string error = error_of(make_target(Kind::kFile, disk)->recover(position));
        CHECK_MESSAGE(error.starts_with("results were published at '"), position);
    }
    const std::string error = error_of(make_target(Kind::kParts, disk)->recover("file 7"));
    CHECK(error.starts_with("results were published at 'file 7'"));
    CHECK(disk.names().empty());
}

TEST_CASE("outbox: an error of the disk is an error of publish, and the next process goes on") {
    for (const Kind kind : {Kind::kFile, Kind::kParts}) {
        bool has_failed = true;
        for (std::uint64_t call = 0; has_failed; ++call) {
            SimDisk disk(call + 1);
            disk.fail_at(call);
            std::optional<Snapshot> newest;
            has_failed = !live(kind, disk, newest, 0).has_value();
            disk.heal();
            if (!has_failed) continue;
            disk.cut_power();
            CHECK_EQ(error_of(live(kind, disk, newest, 3)), "");
            CHECK_EQ(look(disk), expected_view(kind));
            CHECK_EQ(disk.uses_after_failed_sync(), 0);
        }
    }
}

// A process has an error of the disk at a call and ends, the next one is killed at a call of its
// own and the power goes with it, a third one comes to the end, and the power goes once more. Empty
// if all results are there. `has_ended`: which of the first two came to their ends by themselves.
std::string problem_of_errors(Kind kind,
                              std::uint64_t error,
                              std::uint64_t crash,
                              std::pair<bool, bool>& has_ended) {
    SimDisk disk(error + 1);
    std::optional<Snapshot> newest;
    disk.fail_at(error);
    has_ended.first = live(kind, disk, newest, 0).has_value();
    disk.heal();
    disk.kill();
    const View seen = newest ? look(disk) : View();
    disk.crash_at(crash);
    try {
        const Result<void> lived = live(kind, disk, newest, 3);
        if (!lived) return lived.error().message;
        has_ended.second = true;
    } catch (const SimCrash&) {
        has_ended.second = false;
    }
    disk.heal();
    disk.cut_power();
    const Result<void> lived = live(kind, disk, newest, 5);
    if (!lived) return lived.error().message;
    disk.cut_power();
    if (look(disk) != expected_view(kind)) return "the results are not those of the epochs";
    return follows(look(disk), seen, kind) ? "" : "something vanished or changed";
}

TEST_CASE("outbox: names that an error leaves in memory alone do not go with the next power cut") {
    for (const Kind kind : {Kind::kFile, Kind::kParts}) {
        std::pair<bool, bool> has_ended;
        for (std::uint64_t error = 0; !has_ended.first; ++error) {
            has_ended.second = false;
            for (std::uint64_t crash = 0; !has_ended.second; ++crash) {
                const std::string problem = problem_of_errors(kind, error, crash, has_ended);
                CHECK_MESSAGE(problem.empty(),
                              "kind " << int(kind) << ", error at " << error << ", crash at "
                                      << crash << ": " << problem);
                if (!problem.empty()) break;
            }
        }
    }
}

TEST_CASE("outbox: on a full disk an epoch is published in part, and later as a whole") {
    for (const Kind kind : {Kind::kFile, Kind::kParts}) {
        std::uint64_t fulls = 0;
        for (std::uint64_t room = 0; room < 45; ++room) {
            SimDisk disk(room + 1);
            disk.faults.bytes_max = room;
            std::optional<Snapshot> newest;
            const auto make_room = [&] {
                ++fulls;
                disk.heal();
            };
            CHECK_EQ(error_of(live(kind, disk, newest, 0, make_room)), "");
            CHECK_EQ(look(disk), expected_view(kind));
        }
        CHECK_GT(fulls, 30);
    }
}

// --- The sink of a table -------------------------------------------------------------------------

class Scratch {
  public:
    Scratch() {
        std::string pattern = (fs::temp_directory_path() / "thalweg-outbox-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    ~Scratch() { fs::remove_all(path_); }

    [[nodiscard]] std::string operator/(const std::string& name) const {
        return (path_ / name).string();
    }

  private:
    fs::path path_;
};

std::string contents(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

SinkSpec file_spec(const std::string& path) {
    SinkSpec spec;
    spec.name = "s";
    spec.connector = "filesystem";
    spec.format = "json";
    spec.options = {{"connector", "filesystem"}, {"format", "json"}, {"path", path}};
    spec.schema = make_schema({{"id", Type::bigint()}});
    return spec;
}

void write_id(Sink& sink, std::int64_t id) {
    Batch batch(make_schema({{"id", Type::bigint()}}));
    batch.column(0).data<std::int64_t>()[0] = id;
    batch.set_size(1);
    REQUIRE(sink.write(batch.view()).has_value());
}

TEST_CASE("outbox: rows go through the encoder to a file of this machine, emptied once") {
    const Scratch scratch;
    const std::string path = scratch / "out.json";
    std::ofstream(path) << "of an earlier query";
    std::string given;
    auto made =
        make_outbox_sink(file_spec(path), [&](std::string_view bytes) { given.append(bytes); });
    REQUIRE(made.has_value());
    CHECK_EQ(contents(path), "of an earlier query");
    REQUIRE(made->target->start_fresh().has_value());
    CHECK_EQ(contents(path), "of an earlier query");
    REQUIRE(made->target->take_over().has_value());
    CHECK_EQ(contents(path), "");
    write_id(*made->encoder, 7);
    CHECK_FALSE(made->encoder->is_drained());
    made->encoder->flush();
    CHECK(made->encoder->is_drained());
    CHECK_EQ(given, "{\"id\":7}\n");
    REQUIRE(made->target->publish(1, 0, pieces_of(given)).has_value());
    CHECK_EQ(made->target->position(), "file 9");

    auto again = make_outbox_sink(file_spec(path), [](std::string_view) {});
    REQUIRE(again->target->recover("file 0").has_value());
    REQUIRE(again->target->publish(1, 0, pieces_of(given)).has_value());
    REQUIRE(again->target->close().has_value());
    CHECK_EQ(contents(path), given);
}

TEST_CASE("outbox: a directory of parts is made with its parents, readable for others") {
    const Scratch scratch;
    auto made = make_outbox_sink(file_spec(scratch / "a/b/out/"), [](std::string_view) {});
    REQUIRE(made.has_value());
    CHECK_FALSE(fs::exists(scratch / "a"));
    REQUIRE(made->target->start_fresh().has_value());
    REQUIRE(made->target->publish(1, 0, pieces_of("x\n")).has_value());
    CHECK_EQ(contents(scratch / "a/b/out/.part-00000000.inprogress"), "x\n");
    REQUIRE(made->target->close().has_value());
    CHECK_EQ(contents(scratch / "a/b/out/part-00000000"), "x\n");
    const auto mode = fs::status(scratch / "a/b/out/part-00000000").permissions();
    CHECK((mode & fs::perms::owner_write) != fs::perms::none);
}

TEST_CASE("outbox: what can never work says so at the start") {
    const Scratch scratch;
    auto nowhere = make_outbox_sink(file_spec(scratch / "no/out.json"), [](std::string_view) {});
    CHECK(error_of(nowhere->target->start_fresh()).starts_with("open " + (scratch / "no")));
    auto device = make_outbox_sink(file_spec("/dev/null"), [](std::string_view) {});
    CHECK_EQ(error_of(device->target->start_fresh()), "open /dev/null: it is not a regular file");
    SinkSpec misspelt = file_spec(scratch / "out");
    misspelt.options["pth"] = "x";
    CHECK_FALSE(make_outbox_sink(misspelt, [](std::string_view) {}).has_value());
    SinkSpec other;
    other.connector = "tcp";
    CHECK_FALSE(has_outbox(other));
    CHECK_EQ(make_outbox_sink(other, [](std::string_view) {})->target, nullptr);
}

}  // namespace
}  // namespace thalweg::test

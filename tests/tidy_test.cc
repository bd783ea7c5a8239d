// Checks the source tree itself: the rules of docs/STYLE.md that a compiler does not know.
//
// A rule sees one file at a time and appends one line per violation, in the form
// `path:line: what to do instead`. To add a rule, write the function, put it into kCodeRules or
// kTextRules, and give it a case in the second half of this file that it must catch.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

struct SourceFile {
    std::string path;  // Relative to the root, with '/'.
    std::vector<std::string> lines;

    [[nodiscard]] bool is_header() const { return path.ends_with(".h"); }
};

using Report = std::vector<std::string>;

void report(Report& out, const SourceFile& file, std::size_t line_index, const std::string& what) {
    out.push_back(file.path + ":" + std::to_string(line_index + 1) + ": " + what);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// --- Layers -------------------------------------------------------------------------------------

// The architecture in one table: which folder may include which. The longest matching row wins.
//
//   tools, bench, tests -> engine -> { ingest, ops } -> state
//   within engine:         sql -> plan -> run/topology.h <- run
//
// Engine knows everyone and nobody knows engine; ingest and ops have never met; state knows only
// itself. Plan and run meet in one header: no thread has ever heard of SQL.
struct Layer {
    std::string_view folder;
    std::vector<std::string_view> may_include;
};

const std::vector<Layer> kLayers = {
    {"state/base/", {"state/base/"}},
    {"state/", {"state/"}},
    {"state/store/", {"state/store/", "state/base/"}},
    {"ops/", {"ops/", "state/"}},
    {"ingest/", {"ingest/", "state/"}},
    {"engine/sql/", {"engine/sql/", "state/"}},
    {"engine/sink/", {"engine/sink/", "state/"}},
    {"engine/run/",
     {"engine/run/", "engine/sink/sink.h", "engine/sink/outbox.h", "ingest/", "ops/", "state/"}},
    {"engine/plan/",
     {"engine/plan/",
      "engine/sql/",
      "engine/sink/",
      "engine/run/topology.h",
      "ingest/",
      "ops/",
      "state/"}},
    {"engine/", {"engine/", "ingest/", "ops/", "state/"}},
    {"tools/",
     {"tools/",
      "engine/engine.h",
      "engine/config.h",
      "engine/run/epoch/section_text.h",
      "ops/function_notes.h",
      "bench/",
      "state/"}},
    {"tools/load/", {"tools/load/", "ingest/producer_client.h", "state/"}},
    {"bench/network/", {"bench/", "engine/", "ingest/", "tools/load/", "state/"}},
    {"bench/", {"bench/", "engine/", "ingest/", "ops/", "state/"}},
    {"tests/", {"tests/", "tools/", "bench/", "engine/", "ingest/", "ops/", "state/"}},
};

void check_layers(const SourceFile& file, Report& out) {
    const Layer* layer = nullptr;
    for (const Layer& row : kLayers) {
        if (!file.path.starts_with(row.folder)) continue;
        if (layer == nullptr || row.folder.size() > layer->folder.size()) layer = &row;
    }
    if (layer == nullptr) return;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        std::string_view target = file.lines[i];
        if (!target.starts_with("#include \"")) continue;
        target.remove_prefix(10);
        target = target.substr(0, target.find('"'));
        const bool allowed = std::any_of(
            layer->may_include.begin(), layer->may_include.end(), [&](std::string_view prefix) {
                return target.starts_with(prefix);
            });
        if (allowed) continue;
        report(
            out, file, i, std::string(layer->folder) + " may not include " + std::string(target));
    }
}

// --- Words --------------------------------------------------------------------------------------

// The line without its // comment and without what is inside its string literals. Comment text in
// the middle of a raw string counts as code: good enough, since only bans read it.
std::string code_of(std::string_view line) {
    std::string code;
    bool in_string = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (in_string && line[i] == '\\') {
            ++i;
            continue;
        }
        const bool quote = line[i] == '"' && !(i > 0 && line[i - 1] == '\'');
        if (quote) in_string = !in_string;
        if (!in_string && line.substr(i).starts_with("//")) break;
        if (!in_string || quote) code += line[i];
    }
    return code;
}

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Finds `word` in `text`, where a letter or digit at either end of the word must not be continued.
bool contains_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool starts = at == 0 || !is_word_char(word.front()) || !is_word_char(text[at - 1]);
        const bool ends =
            end == text.size() || !is_word_char(word.back()) || !is_word_char(text[end]);
        if (starts && ends) return true;
    }
    return false;
}

struct Ban {
    std::string_view text;
    std::string_view instead;
    std::vector<std::string_view> only_in = {};    // Path prefixes; empty means everywhere.
    std::vector<std::string_view> except_in = {};  // Path prefixes.
};

const std::vector<std::string_view> kLowerFloors = {"state/", "ops/", "ingest/"};
const std::vector<std::string_view> kProduct = {"state/", "ops/", "ingest/", "engine/"};

const std::vector<Ban> kBans = {
    {"memory_order_seq_cst", "name the edge you need: acquire, release or relaxed"},
    {"atomic_thread_fence", "an acquire or release operation: TSan cannot see fences"},
    {".load()", "an explicit memory order"},
    {"->load()", "an explicit memory order"},
    {"volatile", "std::atomic", {}, {"bench/"}},
    {"std::cout", "the engine's log, or std::fputs in tools/"},
    {"std::cerr", "the engine's log, or std::fputs in tools/"},
    {"std::endl", "'\\n'"},
    {"using namespace", "the names you need"},
    {"friend class", "a smaller interface"},
    {"assert(", "ASSERT or DEBUG_ASSERT"},
    {"std::rand", "state/base/random.h, seeded"},
    {"std::regex", "RE2: linear time"},
    {"std::stoi", "std::from_chars: no locale, no exception"},
    {"std::stol", "std::from_chars: no locale, no exception"},
    {"std::stoll", "std::from_chars: no locale, no exception"},
    {"std::stod", "std::from_chars: no locale, no exception"},
    {"strtod", "std::from_chars: no locale, no exception"},
    {"atoi", "std::from_chars: no locale, no exception"},
    {"std::gmtime", "state/base/time.h"},
    {"std::localtime", "state/base/time.h"},
    {"sleep_for", "the Clock you were given", kProduct, {"engine/run/idle"}},
    {"system_clock::now", "the Clock you were given", kProduct, {"engine/run/clock"}},
    {"steady_clock::now", "the Clock you were given", kProduct, {"engine/run/clock"}},
    {"clock_gettime", "the Clock you were given", kProduct, {"engine/run/clock"}},
    {"getenv", "an argument", kLowerFloors},
    {"std::thread", "an agent: the lower floors own no thread", kLowerFloors},
    {"std::mutex",
     "a ring or a mailbox: the data path has no lock",
     kLowerFloors,
     {"ingest/session_directory"}},
    {"std::printf", "a return value: the lower floors are quiet", kLowerFloors},
    {"std::fputs", "a return value: the lower floors are quiet", kLowerFloors, {"state/base/"}},
    {"<iostream>", "<cstdio> in tools/, nothing below"},
    {"concurrentqueue.h>", "engine/run/mailbox.h", {}, {"engine/run/mailbox"}},
};

// Words that are banned in comments and documents too.
const std::vector<Ban> kWordBans = {
    {"FIXME", "nothing: fix it before you commit"},
    {"TODO", "an issue or a line in docs/"},
    {"XXX", "a sentence"},
    {"HACK", "a sentence that says why"},
};

bool starts_with_any(std::string_view path, const std::vector<std::string_view>& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
        return path.starts_with(prefix);
    });
}

constexpr std::string_view kThisFile = "tests/tidy_test.cc";  // Do not ban the bans.

void check_bans(const SourceFile& file, Report& out) {
    if (file.path == kThisFile) return;
    for (const Ban& ban : kBans) {
        if (!ban.only_in.empty() && !starts_with_any(file.path, ban.only_in)) continue;
        if (starts_with_any(file.path, ban.except_in)) continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            if (!contains(file.lines[i], ban.text)) continue;
            if (!contains_word(code_of(file.lines[i]), ban.text)) continue;
            report(out,
                   file,
                   i,
                   std::string(ban.text) + " is banned, use " + std::string(ban.instead));
        }
    }
}

void check_words(const SourceFile& file, Report& out) {
    if (file.path == kThisFile) return;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        for (const Ban& ban : kWordBans) {
            if (!contains_word(file.lines[i], ban.text)) continue;
            report(out,
                   file,
                   i,
                   std::string(ban.text) + " is banned, use " + std::string(ban.instead));
        }
    }
}

// A path that exists on one machine only.
void check_machine_paths(const SourceFile& file, Report& out) {
    if (file.path == kThisFile) return;
    static constexpr std::array<std::string_view, 2> kHomes = {"home", "root"};
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        for (const std::string_view name : kHomes) {
            const std::string home = "/" + std::string(name) + "/";
            const std::size_t at = file.lines[i].find(home);
            if (at == std::string::npos) continue;
            const char before = at == 0 ? ' ' : file.lines[i][at - 1];
            if (is_word_char(before) || before == '.' || before == '}') continue;
            report(out, file, i, "a path of one machine: " + home);
        }
    }
}

// Every memory order is explained: at the end of its line, or on the lines right above it.
void check_orders(const SourceFile& file, Report& out) {
    if (!starts_with_any(file.path, kProduct)) return;
    const auto names_order = [&](std::size_t i) {
        return contains(code_of(file.lines[i]), "memory_order_");
    };
    const auto has_comment = [&](std::size_t i) { return contains(file.lines[i], "// "); };
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        if (!names_order(i) || has_comment(i)) continue;
        std::size_t above = i;
        while (above > 0 && names_order(above))
            --above;  // One comment may cover adjacent lines.
        if (!has_comment(above)) report(out, file, i, "explain this memory order");
    }
}

// --- Shape --------------------------------------------------------------------------------------

// Columns as an editor counts them: continuation bytes of UTF-8 take none.
std::size_t columns_of(std::string_view line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

void check_shape(const SourceFile& file, Report& out) {
    constexpr std::size_t kColumnsMax = 100;
    constexpr std::size_t kLinesMax = 700;
    if (file.lines.size() > kLinesMax) {
        report(out, file, kLinesMax, "one concept per file: split it");
    }
    if (file.is_header() && (file.lines.empty() || file.lines[0] != "#pragma once")) {
        report(out, file, 0, "a header starts with #pragma once");
    }
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        if (columns_of(file.lines[i]) > kColumnsMax) {
            report(out, file, i, "line is longer than 100 columns");
        }
        if (contains(file.lines[i], "\t")) report(out, file, i, "a tab, use spaces");
    }
}

void check_line_ends(const SourceFile& file, Report& out) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        if (file.lines[i].ends_with(' ')) report(out, file, i, "trailing space");
        if (file.lines[i].ends_with('\r')) report(out, file, i, "a line ends in \\n alone");
    }
}

// A header says what it is: in a comment right after the includes, or above each of its classes.
void check_contract(const SourceFile& file, Report& out) {
    if (!file.is_header()) return;
    bool in_namespace = false;
    bool said = false;      // By a comment that stands for the whole file.
    bool said_any = false;  // By any comment at the start of a line.
    std::string_view above;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        const std::string_view line = file.lines[i];
        in_namespace = in_namespace || line.starts_with("namespace ");
        said_any = said_any || line.starts_with("// ");
        said =
            said || (line.starts_with("// ") && (!in_namespace || above.starts_with("namespace")));
        const bool is_class = line.starts_with("class ") && !line.ends_with(';');
        if (is_class && !said && !above.starts_with("//")) {
            report(out, file, i, "say above what this class is for");
        }
        if (!line.empty() && !line.starts_with("template ")) above = line;
    }
    if (!said_any) report(out, file, 0, "say first what this header is for");
}

void check_file_name(const SourceFile& file, Report& out) {
    static const std::set<std::string_view> kBannedNames = {
        "utils", "util", "helpers", "helper", "common", "misc", "manager", "impl"};
    const std::string stem = fs::path(file.path).stem().string();
    std::istringstream words(stem);
    for (std::string word; std::getline(words, word, '_');) {
        if (!kBannedNames.contains(word)) continue;
        report(out, file, 0, word + " names nothing: what do its parts have in common?");
    }
}

void check_assertion(const SourceFile& file, Report& out) {
    if (!file.path.starts_with("tests/") || !file.path.ends_with("_test.cc")) return;
    static constexpr std::array<std::string_view, 4> kAssertions = {
        "CHECK", "REQUIRE", "rc::check", "RC_ASSERT"};
    for (const std::string& line : file.lines) {
        const std::string code = code_of(line);
        if (std::any_of(kAssertions.begin(), kAssertions.end(), [&](std::string_view assertion) {
                return contains(code, assertion);
            })) {
            return;
        }
    }
    report(out, file, 0, "a test that asserts nothing cannot fail");
}

// --- Links --------------------------------------------------------------------------------------

// Whether a path, relative to the root, exists. Replaced by a table where the rules test
// themselves.
using Exists = std::function<bool(const std::string&)>;

std::string resolve(const SourceFile& file, const std::string& target) {
    return (fs::path(file.path).parent_path() / target).lexically_normal().generic_string();
}

// Links of a document, `[text](target)`, that point into the tree.
std::vector<std::string> links_of(std::string_view line) {
    std::vector<std::string> links;
    for (std::size_t at = line.find("]("); at != std::string_view::npos;
         at = line.find("](", at + 2)) {
        const std::size_t end = line.find(')', at);
        if (end == std::string_view::npos) break;
        std::string target(line.substr(at + 2, end - at - 2));
        target = target.substr(0, target.find('#'));
        if (target.empty() || contains(target, "://") || target.starts_with("mailto:")) continue;
        links.push_back(std::move(target));
    }
    return links;
}

// Paths of the tree that a line mentions in passing: docs/X.md anywhere, and, in documents, code
// spans such as `state/batch.h`. A path with a * stands for several and is not looked up.
std::vector<std::string> mentions_of(std::string_view line, bool in_document) {
    static constexpr std::array<std::string_view, 11> kFolders = {"bench/",
                                                                  "cmake/",
                                                                  "docs/",
                                                                  "engine/",
                                                                  "examples/",
                                                                  "ingest/",
                                                                  "ops/",
                                                                  "state/",
                                                                  "tests/",
                                                                  "tools/",
                                                                  ".ci/"};
    static constexpr std::array<std::string_view, 6> kEndings = {
        ".h", ".cc", ".md", ".sql", ".cmake", ".jsonl"};
    std::vector<std::string> mentions;
    const auto is_path_char = [](char c) {
        return is_word_char(c) || c == '/' || c == '.' || c == '-' || c == '*' || c == '<' ||
               c == '{';
    };
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        while (end < line.size() && is_path_char(line[end]))
            ++end;
        std::string_view word = line.substr(at, end - at);
        const bool quoted = at > 0 && line[at - 1] == '`' && end < line.size() && line[end] == '`';
        at = end + 1;
        while (word.ends_with('.'))
            word.remove_suffix(1);
        const bool document = word.starts_with("docs/") && word.ends_with(".md");
        const bool in_tree = std::any_of(kFolders.begin(), kFolders.end(), [&](auto folder) {
            return word.starts_with(folder);
        });
        const bool is_file = std::any_of(
            kEndings.begin(), kEndings.end(), [&](auto ending) { return word.ends_with(ending); });
        const bool pattern = word.find_first_of("*<{") != std::string_view::npos;
        if (pattern || !(document || (in_document && quoted && in_tree && is_file))) continue;
        mentions.emplace_back(word);
    }
    return mentions;
}

void check_links(const SourceFile& file, const Exists& exists, Report& out) {
    if (file.path == kThisFile) return;
    const bool in_document = file.path.ends_with(".md");
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        if (in_document) {
            for (const std::string& link : links_of(file.lines[i])) {
                if (!exists(resolve(file, link))) report(out, file, i, "no such file: " + link);
            }
        }
        for (const std::string& mention : mentions_of(file.lines[i], in_document)) {
            if (!exists(mention)) report(out, file, i, "no such file: " + mention);
        }
    }
}

// --- The tree -----------------------------------------------------------------------------------

constexpr std::array kCodeRules = {
    check_layers,
    check_bans,
    check_orders,
    check_shape,
    check_contract,
    check_file_name,
    check_assertion,
};
constexpr std::array kTextRules = {check_words, check_machine_paths, check_line_ends};

bool is_code(std::string_view path) {
    return path.ends_with(".h") || path.ends_with(".cc");
}

// Whether the text rules apply. Data, corpora and the licence are other people's words.
bool is_text(const std::string& path) {
    if (path == "LICENSE" || path.starts_with("tests/fuzz/corpus/")) return false;
    static const std::set<std::string> kExtensions = {
        ".h", ".cc", ".md", ".txt", ".cmake", ".sql", ".test", ".sh", ".json", ""};
    return kExtensions.contains(fs::path(path).extension().string());
}

void check_file(const SourceFile& file, const Exists& exists, Report& out) {
    if (is_code(file.path)) {
        for (const auto& rule : kCodeRules)
            rule(file, out);
    }
    for (const auto& rule : kTextRules)
        rule(file, out);
    check_links(file, exists, out);
}

SourceFile read(const fs::path& root, const fs::path& path) {
    SourceFile file{fs::relative(path, root).generic_string(), {}};
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
        file.lines.push_back(line);
    return file;
}

std::vector<fs::path> files_of(const fs::path& root) {
    static constexpr std::array kFolders = {"engine",
                                            "ingest",
                                            "ops",
                                            "state",
                                            "bench",
                                            "tests",
                                            "tools",
                                            "docs",
                                            "examples",
                                            "cmake",
                                            ".ci"};
    std::vector<fs::path> files;
    for (const char* folder : kFolders) {
        if (!fs::exists(root / folder)) continue;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
        const bool is_git = entry.path().filename() == ".git";  // A file, in a worktree.
        if (entry.is_regular_file() && !is_git) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

TEST_CASE("tidy: the tree follows docs/STYLE.md") {
    const fs::path root = THALWEG_SOURCE_DIR;
    const Exists exists = [&](const std::string& path) { return fs::exists(root / path); };
    Report out;
    std::size_t code_count = 0;
    for (const fs::path& path : files_of(root)) {
        const std::string relative = fs::relative(path, root).generic_string();
        if (!is_text(relative)) continue;
        if (is_code(relative)) ++code_count;
        check_file(read(root, path), exists, out);
    }
    CHECK_GT(code_count, 10);
    std::ostringstream text;
    std::copy(out.begin(), out.end(), std::ostream_iterator<std::string>(text, "\n"));
    CHECK_EQ(text.str(), "");
}

// --- The rules, tested --------------------------------------------------------------------------

struct Case {
    SourceFile file;
    Report expected;
};

void check_cases(const std::vector<Case>& cases) {
    const Exists exists = [](const std::string& path) {
        return path == "docs/STYLE.md" || path == "README.md" || path == "state/batch.h";
    };
    for (const Case& c : cases) {
        CAPTURE(c.file.path);
        CAPTURE(c.file.lines.back());
        Report out;
        check_file(c.file, exists, out);
        CHECK_EQ(out, c.expected);
    }
}

// The statement that starts with INSERT INTO, without comments, one space between its words.
std::string query_of(const std::vector<std::string>& lines) {
    std::string query;
    bool inside = false;
    for (const std::string& line : lines) {
        inside = inside || line.starts_with("INSERT INTO");
        if (!inside) continue;
        std::istringstream words(line.substr(0, line.find("--")));
        for (std::string word; words >> word;) {
            query += (query.empty() || query.back() == '(' || word == ")" ? "" : " ") + word;
            if (word.ends_with(';')) return query;
        }
    }
    return query;
}

TEST_CASE("tidy: the README and every transport show the same traffic share query") {
    const fs::path root = THALWEG_SOURCE_DIR;
    const std::string query = query_of(read(root, root / "examples/traffic_share.sql").lines);
    CHECK(query.starts_with("INSERT INTO traffic_share SELECT"));
    CHECK(query.ends_with(';'));
    for (const char* path :
         {"README.md", "examples/traffic_share_udp.sql", "examples/traffic_share_file.sql"}) {
        CAPTURE(path);
        CHECK_EQ(query_of(read(root, root / path).lines), query);
    }
}

TEST_CASE("tidy: catches includes that point up or sideways") {
    check_cases({
        {{"state/table.h", {"#pragma once", "#include \"engine/run/ring.h\"", "// Rows."}},
         {"state/table.h:2: state/ may not include engine/run/ring.h"}},
        {{"state/base/hash.cc", {"#include \"state/table.h\""}},
         {"state/base/hash.cc:1: state/base/ may not include state/table.h"}},
        {{"ops/filter.cc", {"#include \"ingest/decoder.h\""}},
         {"ops/filter.cc:1: ops/ may not include ingest/decoder.h"}},
        {{"ingest/decoder.cc", {"#include \"ops/filter.h\""}},
         {"ingest/decoder.cc:1: ingest/ may not include ops/filter.h"}},
        {{"engine/run/shard.cc", {"#include \"engine/sql/ast.h\""}},
         {"engine/run/shard.cc:1: engine/run/ may not include engine/sql/ast.h"}},
        {{"engine/run/merge.cc", {"#include \"engine/sink/sink.h\""}}, {}},
        {{"engine/run/merge.cc", {"#include \"engine/sink/tcp_sink.h\""}},
         {"engine/run/merge.cc:1: engine/run/ may not include engine/sink/tcp_sink.h"}},
        {{"engine/plan/physical.cc", {"#include \"engine/run/topology.h\""}}, {}},
        {{"engine/plan/physical.cc", {"#include \"engine/run/shard.h\""}},
         {"engine/plan/physical.cc:1: engine/plan/ may not include engine/run/shard.h"}},
        {{"tools/cmd_run.cc", {"#include \"engine/engine.h\"", "#include \"ops/op.h\""}},
         {"tools/cmd_run.cc:2: tools/ may not include ops/op.h"}},
        {{"ops/filter.cc", {"#include \"filter.h\""}},
         {"ops/filter.cc:1: ops/ may not include filter.h"}},
    });
}

TEST_CASE("tidy: catches banned calls in code and banned words anywhere") {
    check_cases({
        {{"engine/run/x.cc", {"n = n_.load();"}},
         {"engine/run/x.cc:1: .load() is banned, use an explicit memory order"}},
        {{"engine/run/x.cc", {"n = 1;  // Unlike n_.load() it is free."}}, {}},
        {{"tools/x.cc", {"std::fputs(\"std::cout is banned\", stderr);"}}, {}},
        {{"ops/x.cc", {"const auto now = std::chrono::steady_clock::now();"}},
         {"ops/x.cc:1: steady_clock::now is banned, use the Clock you were given"}},
        {{"engine/run/clock.cc", {"return std::chrono::steady_clock::now();"}}, {}},
        {{"ingest/x.cc", {"std::mutex mutex_;"}},
         {"ingest/x.cc:1: std::mutex is banned, use a ring or a mailbox: the data path has no "
          "lock"}},
        {{"engine/run/x.cc", {"std::mutex mutex_;"}}, {}},
        {{"state/x.cc", {"static_assert(sizeof(X) == 8);"}}, {}},
        {{"state/x.cc", {"assert(x == 8);"}},
         {"state/x.cc:1: assert( is banned, use ASSERT or DEBUG_ASSERT"}},
        {{"state/x.cc", {"// TODO: later"}},
         {"state/x.cc:1: TODO is banned, use an issue or a line in docs/"}},
        {{"docs/X.md", {"FIXME"}},
         {"docs/X.md:1: FIXME is banned, use nothing: fix it before you commit"}},
        {{"docs/X.md", {"TODOS"}}, {}},
        {{"docs/X.md", {"Look in /home/me/x."}}, {"docs/X.md:1: a path of one machine: /home/"}},
        {{"docs/X.md", {"https://example.org/home/x and ${root}/home/x"}}, {}},
    });
}

TEST_CASE("tidy: catches memory orders without a reason") {
    check_cases({
        {{"engine/run/x.cc", {"n = n_.load(std::memory_order_acquire);"}},
         {"engine/run/x.cc:1: explain this memory order"}},
        {{"engine/run/x.cc", {"n = n_.load(std::memory_order_acquire);  // Edge A."}}, {}},
        {{"engine/run/x.cc",
          {"// Edges A and B.",
           "n = n_.load(std::memory_order_acquire);",
           "m = m_.load(std::memory_order_acquire);"}},
         {}},
    });
}

TEST_CASE("tidy: catches files out of shape") {
    check_cases({
        {{"ops/x.h", {"// Filters."}}, {"ops/x.h:1: a header starts with #pragma once"}},
        {{"ops/x.h", {"#pragma once", "", "namespace thalweg {", "struct X {", "};"}},
         {"ops/x.h:1: say first what this header is for"}},
        {{"ops/x.h",
          {"#pragma once", "namespace t {", "int b();", "// A.", "int a();", "class X {"}},
         {"ops/x.h:6: say above what this class is for"}},
        {{"ops/x.h", {"#pragma once", "namespace t {", "int b();", "// A.", "class X {"}}, {}},
        {{"ops/x.h", {"#pragma once", "// A.", "namespace t {", "int a();", "class X {"}}, {}},
        {{"ops/x.h", {"#pragma once", "class Y;", "// Filters.", "class X;"}}, {}},
        {{"ops/x.cc", std::vector<std::string>(701, "int x;")},
         {"ops/x.cc:701: one concept per file: split it"}},
        {{"ops/x.cc", std::vector<std::string>(700, "int x;")}, {}},
        {{"ops/x.cc", {std::string(101, 'x')}}, {"ops/x.cc:1: line is longer than 100 columns"}},
        {{"ops/x.cc", {std::string(100, 'x')}}, {}},
        {{"ops/x.cc", {"\tx();"}}, {"ops/x.cc:1: a tab, use spaces"}},
        {{"ops/x.cc", {"x(); "}}, {"ops/x.cc:1: trailing space"}},
        {{"ops/x.cc", {"x();\r"}}, {"ops/x.cc:1: a line ends in \\n alone"}},
        {{"ops/string_utils.cc", {""}},
         {"ops/string_utils.cc:1: utils names nothing: what do its parts have in common?"}},
        {{"ops/simplify.cc", {""}}, {}},
        {{"tests/ops/x_test.cc", {"// CHECK nothing", "int x;"}},
         {"tests/ops/x_test.cc:1: a test that asserts nothing cannot fail"}},
        {{"tests/ops/x_test.cc", {"CHECK_EQ(1, x);"}}, {}},
    });
}

TEST_CASE("tidy: catches links and mentions of files that are not there") {
    check_cases({
        {{"docs/X.md", {"See [style](STYLE.md#threads), [top](../README.md), [a](#b)."}}, {}},
        {{"docs/X.md", {"See [style](STYLES.md)."}}, {"docs/X.md:1: no such file: STYLES.md"}},
        {{"docs/X.md", {"[it](https://example.org/x.md)"}}, {}},
        {{"docs/X.md", {"A batch is in `state/batch.h`, tests in `tests/*_test.cc`."}}, {}},
        {{"docs/X.md", {"A batch is in `state/bunch.h`."}},
         {"docs/X.md:1: no such file: state/bunch.h"}},
        {{"ops/x.cc", {"// As docs/STYLE.md says."}}, {}},
        {{"ops/x.cc", {"// As docs/SYTLE.md says."}}, {"ops/x.cc:1: no such file: docs/SYTLE.md"}},
    });
}

}  // namespace
}  // namespace thalweg

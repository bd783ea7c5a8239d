// Lookup tables out of real files: what is read, and what is said of files that cannot be.

#include "engine/run/lookup_reader.h"

#include "engine/plan/planner.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / "thalweg_lookup_reader_test") {
        fs::remove_all(path_);
        fs::create_directories(path_);
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    ~Folder() { fs::remove_all(path_); }

    void write(const std::string& name, std::string_view bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
    }

    [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }

  private:
    fs::path path_;
};

struct Reading {
    Result<LookupTablePtr> table;
    std::vector<std::string> rejected;
};

Reading read(const std::string& columns, const std::string& options) {
    auto planned = plan::plan_script(
        "CREATE TABLE s (k BIGINT, at AS PROCTIME()) WITH ('connector' = 'tcp', 'address' = "
        "'127.0.0.1:4711', 'format' = 'json');\n"
        "CREATE TABLE d (" +
            columns + ") WITH ('connector' = 'filesystem', " + options +
            ");\nSELECT d.* FROM s JOIN d FOR SYSTEM_TIME AS OF s.at AS d ON s.k = d.k;",
        {});
    REQUIRE_MESSAGE(planned.has_value(), planned.error().message());
    Reading reading{LookupTablePtr(), {}};
    LookupReader reader(
        planned->topology->lookups.at(0), 0, [&](const std::string& name, const Rejected& record) {
            reading.rejected.push_back(name + " " + std::string(record.bytes));
        });
    IngestDoor door = standard_connectors().make_door();
    reading.table = reader.read(door, [](std::string_view) {});
    return reading;
}

TEST_CASE("lookup reader: a file larger than a buffer, and the files of a directory") {
    const Folder folder;
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += std::to_string(i) + ",name of " + std::to_string(i) + "\n";
    fs::create_directories(folder.path("parts"));
    folder.write("parts/a.csv", text);
    folder.write("parts/b.csv", "-1,last without an end");
    folder.write("parts/_c.csv", "-2,not complete yet");
    const Reading reading =
        read("k INT, name STRING", "'path' = '" + folder.path("parts") + "', 'format' = 'csv'");
    REQUIRE_MESSAGE(reading.table.has_value(), reading.table.error().message);
    const LookupTable& table = **reading.table;
    CHECK_EQ(table.size(), 100'001);
    CHECK(table.is_unique());
    CHECK(value_at(table.column(1), 77'777) == Value{std::string("name of 77777")});
    CHECK(value_at(table.column(1), 100'000) == Value{std::string("last without an end")});
    CHECK_GT(table.memory_bytes(), text.size());
    CHECK(reading.rejected.empty());
}

TEST_CASE("lookup reader: rows of raw structs") {
    const Folder folder;
    folder.write("ids", std::string_view("\1\0\0\0\0\0\0\0ab\0\0\2\0\0\0\0\0\0\0abcd", 24));
    const Reading reading = read("k BIGINT, name BINARY(4)",
                                 "'path' = '" + folder.path("ids") + "', 'format' = 'raw-struct'");
    REQUIRE_MESSAGE(reading.table.has_value(), reading.table.error().message);
    CHECK_EQ((*reading.table)->size(), 2);
    CHECK(value_at((*reading.table)->column(1), 0) == Value{std::string("ab")});
}

TEST_CASE("lookup reader: a key has as many rows as a join can give, and no more") {
    const Folder folder;
    const std::string options = "'path' = '" + folder.path("d") + "', 'format' = 'csv'";
    std::string text = "8\n";
    for (std::size_t i = 0; i < LookupTable::kRowsOfKeyMax; ++i)
        text += "7\n";
    folder.write("d", text);
    const Reading most = read("k INT", options);
    REQUIRE_MESSAGE(most.table.has_value(), most.table.error().message);
    CHECK_EQ((*most.table)->rows_of_key_max(), LookupTable::kRowsOfKeyMax);
    folder.write("d", text + "7\n");
    const Reading too_many = read("k INT", options);
    REQUIRE_FALSE(too_many.table.has_value());
    CHECK_EQ(
        too_many.table.error().message,
        "cannot read the lookup table 'd': one key has 1025 rows, and a lookup join takes 1024 "
        "at most");
}

TEST_CASE("lookup reader: an empty file is a table without rows") {
    const Folder folder;
    folder.write("d", "");
    const Reading reading = read("k INT", "'path' = '" + folder.path("d") + "', 'format' = 'csv'");
    REQUIRE_MESSAGE(reading.table.has_value(), reading.table.error().message);
    CHECK_EQ((*reading.table)->size(), 0);
}

TEST_CASE("lookup reader: a file that is not there is said with its path") {
    const Folder folder;
    const Reading reading =
        read("k INT", "'path' = '" + folder.path("none.csv") + "', 'format' = 'csv'");
    REQUIRE_FALSE(reading.table.has_value());
    CHECK_NE(reading.table.error().message.find(folder.path("none.csv")), std::string::npos);
    CHECK_NE(reading.table.error().message.find("lookup table 'd'"), std::string::npos);
}

TEST_CASE("lookup reader: a bad record is left out, or is the error") {
    const Folder folder;
    folder.write("d", "{\"k\": 1}\nwhat\n{\"k\": 2}\n");
    const std::string options = "'path' = '" + folder.path("d") + "', 'format' = 'json'";
    const Reading lenient = read("k INT", options);
    REQUIRE_MESSAGE(lenient.table.has_value(), lenient.table.error().message);
    CHECK_EQ((*lenient.table)->size(), 2);
    CHECK_EQ(lenient.rejected, std::vector<std::string>{"d what"});
    const Reading strict = read("k INT", options + ", 'json.ignore-parse-errors' = 'false'");
    REQUIRE_FALSE(strict.table.has_value());
    CHECK(strict.table.error().message.starts_with("cannot read the lookup table 'd': "));
    CHECK_NE(strict.table.error().message.find("offset 9"), std::string::npos);
}

}  // namespace
}  // namespace thalweg

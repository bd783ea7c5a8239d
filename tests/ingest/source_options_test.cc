// What a WITH clause may say about a source, and what is said about the rest.

#include "ingest/source.h"
#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace thalweg {
namespace {

std::string problem(const SourceSpec& spec) {
    const Result<SourceTraits> traits = check_source(spec);
    return traits ? std::string() : traits.error().message;
}

TEST_CASE("source options: what is wrong is named") {
    struct Case {
        const char* connector;
        std::map<std::string, std::string> options;
        const char* message;
    };

    const std::map<std::string, std::string> address = {{"address", "127.0.0.1:9"}};
    const auto with = [&](const char* name, const char* value) {
        std::map<std::string, std::string> options = address;
        options.insert_or_assign(name, value);
        return options;
    };
    const std::vector<Case> cases = {
        {"tpc",
         {},
         "table 'numbers': no source has the connector 'tpc' (did you mean 'tcp'?); sources are "
         "tcp, udp, unix, stdin, filesystem, datagen, nexmark"},
        {"tcp", {}, "table 'numbers': connector 'tcp' needs the option 'address'"},
        {"filesystem", {}, "table 'numbers': connector 'filesystem' needs the option 'path'"},
        {"tcp",
         with("adress", "x"),
         "table 'numbers': unknown option 'adress' of connector 'tcp' (did you mean 'address'?)"},
        {"tcp",
         with("scan.watermark.idle-timeot", "1 s"),
         "table 'numbers': unknown option 'scan.watermark.idle-timeot' of connector 'tcp' (did you "
         "mean 'scan.watermark.idle-timeout'?)"},
        {"tcp", with("path", "/x"), "table 'numbers': unknown option 'path' of connector 'tcp'"},
        {"tcp",
         with("csv.field-delimiter", ";"),
         "table 'numbers': unknown option 'csv.field-delimiter' of connector 'tcp'"},
        {"tcp",
         with("idle-timeout", "soon"),
         "table 'numbers': option 'idle-timeout' must be a duration such as '10 s' or '500 ms', "
         "not 'soon'"},
        {"tcp",
         with("max-frame-bytes", "2gb"),
         "table 'numbers': option 'max-frame-bytes' must be a size from 1 b to 1 gb, such as "
         "'64kb', not '2gb'"},
        {"tcp",
         with("mode", "lisen"),
         "table 'numbers': option 'mode' must be one of 'listen', 'connect', not 'lisen'"},
        {"tcp",
         with("connection-limit", "0"),
         "table 'numbers': option 'connection-limit' must be a whole number of at least 1, not "
         "'0'"},
        {"tcp",
         with("address", "localhost"),
         "table 'numbers': option 'address' must be HOST:PORT, such as '127.0.0.1:9000' or "
         "'[::]:9000', not 'localhost'"},
        {"tcp",
         with("framing", "fixed"),
         "table 'numbers': option 'framing' must be another one with format 'json', not 'fixed'"},
        {"tcp",
         with("durability", "always"),
         "table 'numbers': option 'durability' must be one of 'none', 'journal', 'epoch', not "
         "'always'"},
        {"udp",
         with("overload.policy", "panic"),
         "table 'numbers': option 'overload.policy' must be one of 'drop-newest', 'drop-oldest', "
         "'sample', not 'panic'"},
        {"udp",
         with("multicast.interface", "lo"),
         "table 'numbers': option 'multicast.interface' must be together with 'multicast.group', "
         "not 'lo'"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.connector);
        CHECK_EQ(problem(numbers_spec(c.connector, c.options)), c.message);
    }
}

TEST_CASE("source options: the format's own are the decoder's to check") {
    const SourceSpec good = numbers_spec("stdin", {{"json.ignore-parse-errors", "false"}});
    const Result<SourceTraits> traits = check_source(good);
    REQUIRE(traits.has_value());
    CHECK(traits->is_bounded);
    CHECK_FALSE(traits->ignore_parse_errors);
    CHECK_EQ(traits->default_framing, Framing::kNewline);
    const std::string message =
        problem(numbers_spec("stdin", {{"json.ignore-parse-error", "true"}}));
    CHECK_EQ(message,
             "table 'numbers': unknown option 'json.ignore-parse-error' (did you mean "
             "'json.ignore-parse-errors'?)");
    SourceSpec formatless = numbers_spec("stdin", {});
    formatless.options.erase("format");
    CHECK_EQ(problem(formatless), "table 'numbers': connector 'stdin' needs the option 'format'");
}

TEST_CASE("source options: Flink's old names, and what a sink may be told") {
    SourceSpec spec = numbers_spec("filesystem", {});
    spec.options = {{"connector.type", "filesystem"},
                    {"connector.path", "/nowhere"},
                    {"format.type", "json"},
                    {"sink.rolling-policy.file-size", "1mb"},
                    {"scan.watermark.idle-timeout", "5 s"}};
    CHECK_EQ(problem(spec), "");
    SourceDriver driver;
    CHECK_EQ(driver.open(spec), "cannot read '/nowhere': No such file or directory");
}

TEST_CASE("source options: framings by format and transport") {
    struct Case {
        const char* connector;
        const char* format;
        Framing framing;
    };

    for (const Case& c : {Case{"tcp", "json", Framing::kNewline},
                          Case{"tcp", "raw-struct", Framing::kFixed},
                          Case{"udp", "json", Framing::kDatagram},
                          Case{"udp", "raw-struct", Framing::kFixed}}) {
        SourceSpec spec = numbers_spec(c.connector, {{"address", "127.0.0.1:9"}});
        spec.options["format"] = c.format;
        const Result<SourceTraits> traits = check_source(spec);
        REQUIRE(traits.has_value());
        CHECK_EQ(traits->default_framing, c.framing);
        CHECK_FALSE(traits->is_bounded);
    }
}

}  // namespace
}  // namespace thalweg

#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/random.h"
#include "state/base/time.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace thalweg::bench {

namespace {

constexpr std::int64_t kWindowSeconds = 100;
constexpr std::size_t kAds = 1'000;
constexpr std::size_t kEventTypes = 3;

template <class Id>
using Ads = std::vector<by_hand::Ad<Id>>;

template <class Id>
Id random_id(Random& random);

template <>
std::int64_t random_id(Random& random) {
    return static_cast<std::int64_t>(random() >> 1U);
}

// The last byte is not 0, which would be padding.
template <>
WideId random_id(Random& random) {
    return {random(), random() | std::uint64_t{1} << 56U};
}

// Ten advertisements a campaign.
template <class Id>
Ads<Id> make_ads() {
    Random random(7);
    Ads<Id> ads(kAds);
    for (std::size_t i = 0; i < kAds; ++i)
        ads[i] = {random_id<Id>(random), static_cast<std::int64_t>(i % by_hand::kCampaigns)};
    return ads;
}

// 1,000 events a second, 16 s of them.
template <class Row, class Id>
std::shared_ptr<const Trace> make_events(const Ads<Id>& ads) {
    constexpr std::size_t kEvents = 16'000;
    constexpr std::size_t kPerSecond = 1'000;
    constexpr std::int64_t kStart = 1'602'331'200;
    Random random(8);
    std::vector<Row> rows(kEvents);
    for (std::size_t i = 0; i < kEvents; ++i) {
        rows[i].ts = kStart + static_cast<std::int64_t>(i / kPerSecond);
        rows[i].user_id = random_id<Id>(random);
        rows[i].page_id = random_id<Id>(random);
        rows[i].ad_id = ads[random.below(ads.size())].id;
        rows[i].ad_type = static_cast<std::int64_t>(random.below(5));
        rows[i].event_type = static_cast<std::int64_t>(random.below(kEventTypes));
        rows[i].ip_address = random_id<Id>(random);
    }
    return trace_of<Row>(rows);
}

// The advertisements as the file that the query looks them up in: rows of `raw-struct`. There from
// the first write() on for as long as the object lives.
template <class Id>
class AdsFile {
  public:
    AdsFile()
        : ads_(make_ads<Id>()),
          path_(std::filesystem::temp_directory_path() /
                ("thalweg_bench_ads_" + std::to_string(sizeof(Id)) + "_" +
                 std::to_string(::getpid()))) {}

    AdsFile(const AdsFile&) = delete;
    AdsFile& operator=(const AdsFile&) = delete;

    ~AdsFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

    [[nodiscard]] Result<void> write() const {
        static_assert(sizeof(by_hand::Ad<Id>) == sizeof(Id) + sizeof(std::int64_t));
        std::ofstream file(path_, std::ios::binary);
        file.write(reinterpret_cast<const char*>(ads_.data()),
                   static_cast<std::streamsize>(ads_.size() * sizeof(ads_[0])));
        if (!file.flush()) return fail(Code::kIo, "cannot write '" + path_.string() + "'");
        return {};
    }

    [[nodiscard]] const Ads<Id>& ads() const { return ads_; }

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    Ads<Id> ads_;
    std::filesystem::path path_;
};

template <class Row, class Id>
CheckSum views(const Ads<Id>& ads, const Trace& trace, std::size_t rows) {
    struct View {
        std::int64_t count = 0;
        std::int64_t last = 0;
    };

    std::map<Id, std::int64_t> campaigns;
    for (const auto& ad : ads)
        campaigns[ad.id] = ad.campaign;
    std::map<std::pair<std::int64_t, std::int64_t>, View> windows;
    for (std::size_t i = 0; i < rows; ++i) {
        const Row row = trace.row<Row>(i);
        if (row.event_type != 0) continue;
        View& view = windows[{row.ts / kWindowSeconds, campaigns.at(row.ad_id)}];
        ++view.count;
        view.last = std::max(view.last, row.ts);
    }
    CheckSum result;
    for (const auto& [key, view] : windows) {
        result.add_row((key.first + 1) * kWindowSeconds * kNanosPerSecond,
                       key.second,
                       view.count,
                       view.last * kNanosPerSecond);
    }
    return result;
}

std::string sql(std::string_view columns, std::string_view id, const std::string& path) {
    return trace_table(std::string(columns) + ", at AS PROCTIME()") + "CREATE TABLE ads (ad_id " +
           std::string(id) +
           ", campaign_id BIGINT) WITH (\n    'connector' = 'filesystem', 'path' = '" + path +
           "', 'format' = 'raw-struct');\n"
           "CREATE VIEW views AS SELECT ts, campaign_id\n"
           "FROM records AS r JOIN ads FOR SYSTEM_TIME AS OF r.at AS a ON r.ad_id = a.ad_id\n"
           "WHERE event_type = 0;\n" +
           blackhole("campaign_id BIGINT, n BIGINT, latest TIMESTAMP(0)") +
           "SELECT window_end, campaign_id, COUNT(*), MAX(ts)\n"
           "FROM TABLE(TUMBLE(TABLE views, DESCRIPTOR(ts), INTERVAL '1:40' MINUTE TO SECOND))\n"
           "GROUP BY window_start, window_end, campaign_id;\n";
}

template <class Row, class Id>
TraceQuery query_of(std::string variant, std::string_view columns, std::string_view id) {
    const auto file = std::make_shared<const AdsFile<Id>>();
    TraceQuery query;
    query.bench = "ysb";
    query.variant = std::move(variant);
    query.records = 4'000'000;
    query.check_records = 250'000;
    query.tiny_records = 150'000;  // Into a second window.
    query.sql = sql(columns, id, file->path());
    query.load = [file]() -> Result<std::shared_ptr<const Trace>> {
        TRY_VOID(file->write());
        return make_events<Row>(file->ads());
    };
    query.by_hand = [file](Input& input, by_hand::Results& results) {
        by_hand::ysb(std::span<const by_hand::Ad<Id>>(file->ads()), input, results);
    };
    query.oracle = [file](const Trace& trace, std::size_t rows) {
        return views<Row>(file->ads(), trace, rows);
    };
    return query;
}

TraceQuery wide_query() {
    return query_of<WideAdRow, WideId>(
        "128 bytes, 100 s",
        "user_id BINARY(16), page_id BINARY(16), ad_id BINARY(16),\n"
        "    ad_type BIGINT, event_type BIGINT, ip_address BINARY(16), padding BINARY(40)",
        "BINARY(16)");
}

}  // namespace

QueryCase yahoo_case(const MeasureOptions& options) {
    return case_of(wide_query(), options);
}

std::vector<Workload> yahoo_workloads(const MeasureOptions& options) {
    const TraceQuery narrow = query_of<AdRow, std::int64_t>(
        "64 bytes, 100 s",
        "user_id BIGINT, page_id BIGINT, ad_id BIGINT, ad_type BIGINT,\n"
        "    event_type BIGINT, ip_address BIGINT, padding BIGINT",
        "BIGINT");
    return {workload_of(case_of(wide_query(), options)), workload_of(case_of(narrow, options))};
}

}  // namespace thalweg::bench

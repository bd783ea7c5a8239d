#pragma once

#include "ingest/descriptor.h"
#include "ingest/source.h"
#include "ingest/stream_reader.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {

// What a filesystem table asks for.
struct FileSettings {
    std::string path;                      // A file; or a directory of part files.
    std::int64_t monitor_interval_ns = 0;  // 0: the files as they are now, and no more.
    FormatSpec format;
};

// Records from a file, or from the files of a directory one after another in the order of their
// names; names that begin with '.' or '_' (parts not complete yet) are passed over. Each file is a
// split, open while it is read. Files are divided among the instances.
//
// Contract  Bounded, unless it monitors: then files that appear, and bytes appended to files known,
//           are read within the interval; a line without its end waits for it.
// Replay    A position is a path and the offset of the next record in it. seal() names each file
// that
//           something was read of, to its end or not, as long as it is there: as many as the
//           directory has files. restore() refuses a file that is shorter than its position, that
//           has no record beginning there, or that a bounded source does not find; files that are
//           monitored may go when they are done with. Which instance reads a file may be another
//           than before.
// Failure   open() fails for a path that is not there. A file that cannot be read later on is the
//           end of a bounded source (failure()); a monitoring one says so and tries again.
// Threads   The ingest agent's.
class FileSource final : public Source {
  public:
    FileSource(FileSettings settings, SourceInstance instance, SourceEvent event);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;

    void stop() override { is_stopping_ = true; }

    [[nodiscard]] bool finished() const override { return is_finished_; }

    [[nodiscard]] bool is_bounded() const override { return settings_.monitor_interval_ns == 0; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

    [[nodiscard]] std::string_view failure() const override { return failure_; }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

    [[nodiscard]] Replay replay() const override { return Replay::kPositions; }

    [[nodiscard]] Result<void> restore(const std::vector<SourcePosition>& positions) override;

    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;

  private:
    struct File;

    [[nodiscard]] std::vector<std::string> list() const;
    [[nodiscard]] bool is_ours(const std::string& path) const;
    [[nodiscard]] Result<void> check_position(const std::string& path, std::uint64_t position);
    void look(std::int64_t now_ns);
    void look_at(File& file);
    void forget_missing(Outlet& outlet);
    bool begin(File& file, Outlet& outlet);
    std::size_t read(std::int64_t now_ns, std::size_t budget, Outlet& outlet);
    void report_unreadable(const File& file);
    void put_down(Outlet& outlet);
    void close_split(File& file, Outlet& outlet);
    void finish(Outlet& outlet);

    FileSettings settings_;
    SourceInstance instance_;
    SourceEvent event_;
    StreamWorkspace workspace_;
    bool is_directory_ = false;
    bool is_stopping_ = false;
    bool is_finished_ = false;
    bool is_flushed_ = true;
    std::map<std::string, std::unique_ptr<File>> files_;  // By path: in order.
    std::map<std::string, std::uint64_t> restored_;       // Positions of all instances, by path.
    std::vector<std::string> waiting_;                    // Paths to read, the next one last.
    File* current_ = nullptr;
    std::int64_t look_again_ns_ = INT64_MIN;
    std::string failure_;

  public:
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    ~FileSource() override;
};

}  // namespace thalweg

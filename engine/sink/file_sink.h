#pragma once

#include "engine/sink/encoder.h"
#include "engine/sink/part_name.h"
#include "engine/sink/sink.h"

#include <memory>
#include <string>

namespace thalweg {

// 'filesystem': one file, made anew, when 'path' names one; part files in a directory when it ends
// in
// '/'. A part is written under a name that begins with a dot and renamed when it is complete, so
// that a reader of the directory never sees a part grow:
//
//     .part-00000007.inprogress  ->  part-00000007
//
// Parts roll at 'sink.rolling-policy.file-size' (128 MB) and '.rollover-interval' (30 min); numbers
// go on behind the largest in the directory. Failure: any I/O error fails the query.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_file_sink(const SinkSpec& spec);

// What the options of 'filesystem' say.
struct FileSinkSettings {
    std::string path;
    bool is_directory = false;
    RollingPolicy rolling;
    RecordFraming framing = RecordFraming::kNewline;
};

[[nodiscard]] Result<FileSinkSettings> file_sink_settings(const SinkSpec& spec);

}  // namespace thalweg

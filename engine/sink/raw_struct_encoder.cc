#include "engine/sink/raw_struct_encoder.h"

#include "engine/sink/frame_writer.h"
#include "state/base/time.h"
#include "state/raw_layout.h"
#include "state/text/format_options.h"

#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

template <class Raw, class T>
void store(const T& value, char* target) {
    const auto raw = static_cast<Raw>(value);
    std::memcpy(target, &raw, sizeof raw);
}

class RawStructEncoder final : public Encoder {
  public:
    RawStructEncoder(SchemaPtr schema, RecordFraming framing)
        : schema_(std::move(schema)), frame_(framing) {
        for (const Field& field : schema_->fields)
            layouts_.push_back(raw_layout_of(field.type));
    }

    Result<void> encode(const BatchView& rows, std::string& out) override {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            frame_.begin(out);
            const std::size_t row = rows.selection[i];
            for (std::size_t k = 0; k < rows.columns.size(); ++k) {
                const std::string_view objection = write(rows[k], row, layouts_[k], out);
                if (objection.empty()) continue;
                frame_.undo(out);
                std::string message = "column '" + (*schema_)[k].name + "' has ";
                message.append(objection).append(", which format 'raw-struct' cannot hold");
                return fail(Code::kInvalid, std::move(message));
            }
            frame_.end(out);
        }
        return {};
    }

  private:
    // Returns what is wrong with the value, or "".
    static std::string_view write(const Column& column,
                                  std::size_t row,
                                  const RawLayout& layout,
                                  std::string& out) {
        if (column.is_null(row)) return "a NULL";
        const std::size_t first = out.size();
        out.append(layout.bytes, '\0');
        char* const target = out.data() + first;
        switch (column.physical()) {
            case Physical::kBool:
                store<std::uint8_t>(column.data<std::uint8_t>()[row], target);
                break;
            case Physical::kInt32:
                write_int32(column.data<std::int32_t>()[row], layout, target);
                break;
            case Physical::kInt64:
                store<std::int64_t>(
                    floor_div(column.data<std::int64_t>()[row], layout.nanos_per_unit), target);
                break;
            case Physical::kFloat: store<float>(column.data<float>()[row], target); break;
            case Physical::kDouble: store<double>(column.data<double>()[row], target); break;
            case Physical::kDecimal:
                write_decimal(column.data<Int128>()[row], layout, target);
                break;
            default: return write_text(column.data<StringRef>()[row].view(), layout, target);
        }
        return {};
    }

    static void write_int32(std::int32_t value, const RawLayout& layout, char* target) {
        if (layout.bytes == 1) return store<std::int8_t>(value, target);
        if (layout.bytes == 2) return store<std::int16_t>(value, target);
        store<std::int32_t>(value, target);
    }

    static void write_decimal(const Int128& value, const RawLayout& layout, char* target) {
        if (layout.bytes == sizeof(std::int64_t)) return store<std::int64_t>(value, target);
        store<Int128>(value, target);
    }

    static std::string_view write_text(std::string_view text,
                                       const RawLayout& layout,
                                       char* target) {
        if (text.size() > layout.bytes) return "a value longer than its type";
        if (text.ends_with('\0')) return "a value that ends with a zero byte";
        std::memcpy(target, text.data(), text.size());
        return {};
    }

    SchemaPtr schema_;
    FrameWriter frame_;
    std::vector<RawLayout> layouts_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_raw_struct_encoder(const SinkSpec& spec,
                                                         RecordFraming framing) {
    static constexpr std::array<std::string_view, 1> kOptions = {"ignore-parse-errors"};
    TRY([[maybe_unused]] const FormatOptions options,
        FormatOptions::check_prefixed(spec.format, spec.options, kOptions));
    for (const Field& field : spec.schema->fields) {
        if (raw_layout_of(field.type).bytes == 0)
            return fail(Code::kUnsupported, raw_layout_error(field));
    }
    if (framing == RecordFraming::kNewline) {
        return fail(Code::kInvalid,
                    "format 'raw-struct' needs framing 'fixed', 'datagram' or 'length-prefixed': "
                    "its rows may hold any byte");
    }
    return std::make_unique<RawStructEncoder>(spec.schema, framing);
}

}  // namespace thalweg

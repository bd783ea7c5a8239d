#include "ingest/outlet.h"

namespace thalweg {

std::string_view name_of(RejectReason reason) noexcept {
    switch (reason) {
        case RejectReason::kMalformed: return "malformed";
        case RejectReason::kWrongType: return "wrong type";
        case RejectReason::kMissingField: return "missing field";
        case RejectReason::kTooLong: return "too long";
        case RejectReason::kTruncated: break;
    }
    return "truncated";
}

}  // namespace thalweg

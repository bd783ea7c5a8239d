#include "engine/plan/state_size.h"

namespace thalweg::plan {

namespace {

std::size_t width(const Type& type) {
    return physical_bytes(type.physical());
}

std::size_t state_bytes(const AggregateCall& call) {
    switch (call.kind) {
        case AggregateKind::kCountStar:
        case AggregateKind::kCount: return 8;
        case AggregateKind::kSum:
        case AggregateKind::kMin:
        case AggregateKind::kMax:
        case AggregateKind::kFirstValue:
        case AggregateKind::kLastValue: return width(call.result_type);
        case AggregateKind::kAvg: return 8 + width(call.result_type);
        case AggregateKind::kVarPop:
        case AggregateKind::kVarSamp:
        case AggregateKind::kStddevPop:
        case AggregateKind::kStddevSamp: break;
    }
    return 24;
}

}  // namespace

std::string state_size_text(const WindowAggregateSpec& spec) {
    std::size_t key = 0;
    std::size_t states = 0;
    bool has_sets = false;
    for (const Type& type : spec.key_types)
        key += width(type);
    for (const AggregateCall& call : spec.calls) {
        states += state_bytes(call);
        has_sets = has_sets || call.is_distinct;
    }
    std::string text = "about " + std::to_string(key + states) + " bytes per key and slice (key " +
                       std::to_string(key) + ", states " + std::to_string(states) + ")";
    if (has_sets) text += ", and the set of distinct values";
    return text + ", until the slice's last window has fired";
}

}  // namespace thalweg::plan

#pragma once

#include "ops/expr/expr.h"
#include "ops/op.h"
#include "state/batch.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// Expressions as straight-line code over column registers: built once, run on every batch.
//
// Shape     A list of instructions in evaluation order; equal subexpressions are computed once.
//           Registers are Columns owned by the program, except that an instruction "column c" is
//           the input's column itself. Literals are columns filled once. AND, OR and CASE narrow
//           the selection for the instructions of their later arguments.
// Lifetime  Results are good until the next run, and as long as the input's columns: strings in
//           them borrow from the input, from literals or from context.scratch.
// Threads   One at a time: a program has registers. Every operator instance compiles its own.
// Failure   Data errors (CAST, division by zero) go to context.fail(); results are then
//           unspecified.
class Program {
  public:
    // Inputs have rows [0, rows_max) at most.
    explicit Program(std::vector<ExprPtr> expressions, std::size_t rows_max = kBatchRows);
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    // One column per expression, valid for the rows of input.selection.
    std::span<const Column* const> run(const BatchView& input, OpContext& context);

    // Of a program of one BOOLEAN expression: the rows of input.selection where it is TRUE.
    Selection select(const BatchView& input, OpContext& context);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg

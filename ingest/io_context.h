#pragma once

#include "ingest/source.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace thalweg {

// What is behind an IoLoop. The only header that shows Asio, for the sources' own .cc files.
struct IoLoop::Impl {
    Impl() : context(1), work(context.get_executor()) {}

    boost::asio::io_context context;

    // Keeps an idle loop waiting instead of returning at once.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
};

}  // namespace thalweg

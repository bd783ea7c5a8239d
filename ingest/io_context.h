#pragma once

#include "ingest/descriptor.h"
#include "ingest/source.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/epoll.h>

namespace thalweg {

// What is behind an IoLoop. The only header that shows Asio, for the sources' own .cc files.
struct IoLoop::Impl {
    Impl() : context(1), work(context.get_executor()) {}

    boost::asio::io_context context;

    // Level-triggered, beside Asio's own set, which is private and edge-triggered: a parked thread
    // polls this one, and nobody takes events out of it.
    Descriptor readiness{::epoll_create1(EPOLL_CLOEXEC)};

    // Keeps an idle loop waiting instead of returning at once.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
};

}  // namespace thalweg

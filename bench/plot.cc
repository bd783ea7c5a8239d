#include "bench/plot.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

namespace thalweg::bench {

namespace {

constexpr const char* kPreamble =
    "set terminal pngcairo noenhanced size 1200,700\n"
    "set grid ytics lc rgb '#dddddd'\n"
    "set border 3\n"
    "set rmargin 16\n"
    "set tics nomirror\n";

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

// Of gnuplot, in double quotes: what is measured has names of our own, which hold neither.
std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

std::string label(const Figures& figures) {
    return quoted(figures.bench + ", " + figures.variant);
}

void add_throughput(std::span<const Figures> figures, std::vector<Picture>& pictures) {
    std::map<std::string, std::map<std::size_t, double>> curves;
    for (const Figures& each : figures) {
        if (each.keys != 0) curves[each.bench][each.keys] = each.records_per_s / 1e6;
    }
    std::erase_if(curves, [](const auto& curve) { return curve.second.size() < 2; });
    if (curves.empty()) return;
    std::string data;
    std::string plot;
    for (const auto& [bench, points] : curves) {
        const std::string block = "$curve" + std::to_string(data.size());
        data += block + " << END\n";
        for (const auto& [keys, rate] : points)
            data += std::to_string(keys) + " " + number(rate) + "\n";
        data += "END\n";
        plot += (plot.empty() ? "plot " : ", ") + block +
                " using 1:2 with linespoints lw 2 pt 7 title " + quoted(bench);
    }
    pictures.push_back({"throughput",
                        "set title 'Throughput by the number of keys'\n"
                        "set logscale x\nset format x '%.0s %c'\nset xlabel 'keys'\n"
                        "set ylabel 'million records/s'\nset yrange [0:*]\n" +
                            data + plot + "\n"});
}

void add_ratio(std::span<const Figures> figures, std::vector<Picture>& pictures) {
    std::string data;
    for (const Figures& each : figures) {
        if (each.ratio()) data += label(each) + " " + number(*each.ratio()) + "\n";
    }
    if (data.empty()) return;
    pictures.push_back(
        {"ratio",
         "set title 'Time of a record, to that of a loop by hand'\n"
         "set style fill solid 0.7\nset boxwidth 0.7\nset xtics rotate by -45\n"
         "set logscale y 2\nset yrange [0.5:*]\nset ylabel 'ratio: 1 is as fast as by hand'\n"
         "$bars << END\n" +
             data +
             "END\n"
             "plot 1 with lines dt 2 lc rgb 'black' notitle, \\\n"
             "     $bars using 0:2:xtic(1) with boxes lc rgb '#4477aa' notitle, \\\n"
             "     $bars using 0:2:(sprintf('%.1f', $2)) with labels offset 0,0.6 notitle\n"});
}

void add_latency(std::span<const Figures> figures, std::vector<Picture>& pictures) {
    std::string data;
    for (const Figures& each : figures) {
        if (!each.latency) continue;
        data += label(each);
        for (const std::int64_t value : {each.latency->p50_ns,
                                         each.latency->p90_ns,
                                         each.latency->p99_ns,
                                         each.latency->p999_ns})
            data += " " + number(static_cast<double>(value) / 1e3);
        data += "\n";
    }
    if (data.empty()) return;
    pictures.push_back(
        {"latency",
         "set title 'Latency of results'\nset xtics rotate by -45\nset offsets 0.5, 0.5, 0, 0\n"
         "set logscale y\nset ylabel 'microseconds'\nset key outside top\n"
         "$points << END\n" +
             data +
             "END\n"
             "plot $points using 0:2:xtic(1) with points pt 7 ps 1.3 title 'p50', \\\n"
             "     '' using 0:3 with points pt 5 title 'p90', \\\n"
             "     '' using 0:4 with points pt 9 title 'p99', \\\n"
             "     '' using 0:5 with points pt 1 title 'p99.9'\n"});
}

Result<void> draw(const std::string& script) {
    struct Close {
        void operator()(std::FILE* pipe) const { ::pclose(pipe); }
    };

    std::unique_ptr<std::FILE, Close> pipe(::popen("gnuplot", "w"));
    if (!pipe) return fail(Code::kIo, "cannot start gnuplot");
    const bool is_written = std::fputs(script.c_str(), pipe.get()) >= 0;
    const int status = ::pclose(pipe.release());
    if (is_written && status == 0) return {};
    return fail(Code::kIo, "gnuplot failed");
}

}  // namespace

Result<void> check_plotter() {
    if (std::system("command -v gnuplot > /dev/null 2>&1") == 0) return {};
    return fail(Code::kUnsupported,
                "curves are drawn by gnuplot, which is not installed; on Debian it is in the "
                "package gnuplot-nox");
}

std::vector<Picture> pictures_of(std::span<const Figures> figures) {
    std::vector<Picture> pictures;
    add_throughput(figures, pictures);
    add_ratio(figures, pictures);
    add_latency(figures, pictures);
    return pictures;
}

Result<std::vector<std::string>> plot(std::span<const Figures> figures, const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(Code::kIo, "cannot make the folder '" + folder + "': " + error.message());
    if (folder.find('\'') != std::string::npos)
        return fail(Code::kInvalid, "the name of the folder has a quote in it: " + folder);
    std::vector<std::string> paths;
    for (const Picture& picture : pictures_of(figures)) {
        const std::string path = folder + "/" + picture.name + ".png";
        TRY_VOID(draw(kPreamble + ("set output '" + path + "'\n") + picture.script));
        paths.push_back(path);
    }
    return paths;
}

}  // namespace thalweg::bench

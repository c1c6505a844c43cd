#include "nn/train/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "nn/io/environment.hpp"
#include "nn/short_number.hpp"

namespace xtape::nn {
namespace {

using detail::environment;

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

/// "[=====>    ]" with `width` characters inside.
std::string bar(double done, std::size_t width, bool colour) {
  const auto filled =
      static_cast<std::size_t>(std::clamp(done, 0., 1.) * static_cast<double>(width));
  std::string inside(filled, '=');
  if (filled < width) {
    inside += '>';
  }
  const std::string rest(width - inside.size(), ' ');
  return colour ? fmt::format("[\x1b[32m{}\x1b[0m{}]", inside, rest)
                : fmt::format("[{}{}]", inside, rest);
}

}  // namespace

std::string format_duration(double seconds) {
  const double known = std::isnan(seconds) ? 0 : std::clamp(seconds, 0., 359999.);
  const auto total = static_cast<long>(std::ceil(known));
  const long hours = total / 3600, minutes = total / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60)
                   : fmt::format("{}:{:02}", minutes, total % 60);
}

std::string progress_bar(const Standing& standing, const Canvas& canvas) {
  const std::size_t room = std::max<std::size_t>(canvas.width, 1) - 1;
  const std::string epochs = fmt::format("{}", standing.epochs);
  const std::string start = fmt::format("epoch {:{}}/{}", standing.epoch, epochs.size(), epochs);
  const std::vector<std::string> parts{
      fmt::format(" {:3.0f} %", std::floor(100 * standing.done)),
      fmt::format("  {} left", format_duration(standing.seconds_left)),
      std::isnan(standing.loss) ? ""
                                : fmt::format("  loss {}", detail::short_number(standing.loss)),
      fmt::format("  {:.0f}/s", standing.samples_per_second)};
  std::string end;
  for (const std::string& part : parts) {
    if (start.size() + end.size() + part.size() > room) break;
    end += part;
  }
  constexpr std::size_t narrowest = 5, widest = 40, frame = 3;  // the frame: a space, [ and ]
  const std::size_t used = start.size() + end.size() + frame;
  if (room < used + narrowest) {
    return (start + end).substr(0, room);
  }
  return start + ' ' + bar(standing.done, std::min(room - used, widest), canvas.colour) + end;
}

std::string progress_line(const Standing& standing) {
  return fmt::format("epoch {}/{}: {:.0f} %, {:.0f} samples/s, {}{} left", standing.epoch,
                     standing.epochs, std::floor(100 * standing.done), standing.samples_per_second,
                     std::isnan(standing.loss)
                         ? ""
                         : fmt::format("loss {}, ", detail::short_number(standing.loss)),
                     format_duration(standing.seconds_left));
}

ProgressStyle style_of_stderr() {
  const bool bar = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb";
  return bar ? ProgressStyle::bar : ProgressStyle::lines;
}

Progress::Progress(ProgressStyle style)
    : style_(style == ProgressStyle::automatic ? style_of_stderr() : style),
      interval_(style_ == ProgressStyle::bar ? std::chrono::milliseconds(100)
                                             : std::chrono::seconds(10)) {}

void Progress::begin(std::size_t epochs, std::size_t samples_per_epoch) {
  standing_ = {.epoch = 1, .epochs = epochs};
  samples_per_epoch_ = samples_per_epoch;
  all_samples_ = 0;
  mean_loss_ = std::nan("");
  training_seconds_ = 0;
  next_ = Clock::now() + interval_;
}

void Progress::begin_epoch(std::size_t number, std::size_t samples) {
  standing_.epoch = number;
  samples_ = samples;
  epoch_start_ = Clock::now();
}

void Progress::advance(std::size_t samples, double loss) {
  if (!std::isnan(loss)) {
    mean_loss_ = std::isnan(mean_loss_) ? loss : mean_loss_ + 0.02 * (loss - mean_loss_);
  }
  samples_ += samples;
  all_samples_ += samples;
  if (style_ == ProgressStyle::none) {
    return;
  }
  if (const auto now = Clock::now(); now >= next_) {
    show(now);
    next_ = now + interval_;
  }
}

void Progress::show(Clock::time_point now) {
  const double seconds =
      training_seconds_ + std::chrono::duration<double>(now - epoch_start_).count();
  const auto epoch = static_cast<double>(samples_per_epoch_);
  standing_.done = static_cast<double>(samples_) / epoch;
  standing_.samples_per_second = static_cast<double>(all_samples_) / seconds;
  standing_.loss = mean_loss_;
  const double epochs_left = static_cast<double>(standing_.epochs - standing_.epoch + 1);
  standing_.seconds_left =
      (epochs_left * epoch - static_cast<double>(samples_)) / standing_.samples_per_second;
  if (style_ == ProgressStyle::lines) {
    std::fputs((progress_line(standing_) + '\n').c_str(), stderr);
  } else {
    const Canvas canvas{.width = terminal_width(), .colour = environment("NO_COLOR").empty()};
    std::fputs(('\r' + progress_bar(standing_, canvas) + "\x1b[K").c_str(), stderr);
    drawn_ = true;
  }
  std::fflush(stderr);
}

void Progress::end_epoch() {
  const auto now = Clock::now();
  training_seconds_ += std::chrono::duration<double>(now - epoch_start_).count();
  epoch_start_ = now;
  wipe();
}

void Progress::print(std::string_view line) {
  if (style_ != ProgressStyle::none) {
    wipe();
    std::fputs((std::string(line) + '\n').c_str(), stderr);
  }
}

void Progress::wipe() {
  if (drawn_) {
    std::fputs("\r\x1b[K", stderr);
    drawn_ = false;
  }
}

}  // namespace xtape::nn

#include "http/browser.h"

namespace uringx {

Browser browser_of(std::string_view user_agent) {
  const auto has = [&](std::string_view word) { return user_agent.find(word) != std::string_view::npos; };
  Browser browser;

  const auto msie = user_agent.find("MSIE ");
  if (msie != std::string_view::npos && msie + 7 < user_agent.size()) {
    browser.msie = true;
    const std::string_view version = user_agent.substr(msie + 5);
    if (version[1] == '.') {
      const bool has_service_pack = user_agent.find("SV1", msie + 8) != std::string_view::npos;
      browser.msie6 = version[0] == '4' || version[0] == '5' || (version[0] == '6' && !has_service_pack);
    }
  }
  if (has("Opera")) {
    browser.opera = true;
    browser.msie = browser.msie6 = false;
  }
  if (browser.msie || browser.opera) return browser;
  if (has("Gecko/")) {
    browser.gecko = true;
  } else if (has("Chrome/")) {
    browser.chrome = true;
  } else if (has("Safari/") && has("Mac OS X")) {
    browser.safari = true;
  } else if (has("Konqueror")) {
    browser.konqueror = true;
  }
  return browser;
}

}  // namespace uringx

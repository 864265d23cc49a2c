// The grammar of nginx.conf as PEGTL rules: the language that ngx_conf_read_token and ngx_conf_parse accept.
// Stateless; included by config_parser.cc (which attaches actions and messages) and by its test only.
#pragma once

#include <tao/pegtl.hpp>

namespace uringx::grammar {

namespace pegtl = tao::pegtl;

// A span is what nginx must keep in its buffer of 4096 bytes: a comment, or a word with the byte that ends
// it. These two rules consume nothing; they tell the actions where a span starts and where it may be judged.
// `Quote` is the quotation mark that has to close it, or NUL.
template <char Quote>
struct span_start : pegtl::success {};
struct span_end : pegtl::success {};

struct space : pegtl::one<' ', '\t', '\r', '\n'> {};

// '#' starts a comment only where a word could start; inside a word it is an ordinary byte. Only LF ends it.
struct comment : pegtl::seq<pegtl::at<pegtl::one<'#'>>, span_start<'\0'>, pegtl::one<'#'>,
                            pegtl::star<pegtl::not_one<'\n'>>, span_end> {};

// A backslash takes the next byte with it, whatever it is. Which ones are resolved is up to the action.
struct escaped_byte : pegtl::any {};
struct escape : pegtl::if_must<pegtl::one<'\\'>, escaped_byte> {};

// "${name}": the brace behind a '$' does not start a block. nginx looks no further, "$" alone and "${{" are
// words too.
struct variable : pegtl::seq<pegtl::one<'$'>, pegtl::star<pegtl::one<'{'>>> {};

// A bare word ends before white space, ';' or '{'; quotation marks, '#' and '}' are special only in front.
struct bare_first : pegtl::not_one<' ', '\t', '\r', '\n', ';', '{', '}', '#', '"', '\''> {};
struct bare_byte : pegtl::sor<escape, variable, pegtl::not_one<' ', '\t', '\r', '\n', ';', '{'>> {};
struct bare_text : pegtl::plus<bare_byte> {};
struct bare_word : pegtl::seq<pegtl::at<bare_first>, span_start<'\0'>, bare_text> {};

template <char Quote>
struct quoted_text : pegtl::star<pegtl::sor<escape, pegtl::not_one<Quote>>> {};
template <char Quote>
struct closing_quote : pegtl::one<Quote> {};
// What may follow a closing quotation mark. The ')' starts the next word: it is there for `if ($a = "b") {`.
struct after_quote : pegtl::at<pegtl::sor<space, pegtl::one<';', '{', ')'>>> {};
template <char Quote>
struct quoted_word : pegtl::seq<pegtl::one<Quote>, span_start<Quote>, quoted_text<Quote>,
                                pegtl::must<closing_quote<Quote>, after_quote>> {};

// The white space that ends a word is read while nginx still keeps the word.
struct word
    : pegtl::seq<pegtl::sor<quoted_word<'"'>, quoted_word<'\''>, bare_word>, pegtl::opt<space>, span_end> {};

struct directive;
struct directives : pegtl::star<pegtl::sor<space, comment, directive>> {};

struct directive_end : pegtl::one<';'> {};
struct block_open : pegtl::one<'{'> {};
struct block_close : pegtl::one<'}'> {};
struct block : pegtl::seq<block_open, directives, pegtl::must<block_close>> {};
struct terminator : pegtl::sor<directive_end, block> {};
struct directive : pegtl::seq<word, pegtl::star<pegtl::sor<space, word, comment>>, pegtl::must<terminator>> {};

// A byte order mark is no syntax: it becomes part of the first word, which nginx then does not know.
struct end_of_text : pegtl::eof {};
struct text : pegtl::seq<directives, pegtl::must<end_of_text>> {};

}  // namespace uringx::grammar

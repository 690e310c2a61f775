#include "tests/cel/evaluate.h"

#include <gtest/gtest.h>

namespace charter::cel::test {
namespace {

TEST(CelLibraries, Texts_are_counted_in_code_points) {
  expect_all({{"size('\u00e9\U0001F431')", "2"},
              {"'h\u00e9llo'.charAt(1)", "'\u00e9'"},
              {"'abc'.charAt(3)", "''"},
              {"'abc'.charAt(4)", "error: index out of range: 4"},
              {"'h\u00e9llo'.indexOf('l')", "2"},
              {"'hello'.indexOf('l', 3)", "3"},
              {"'hello'.indexOf('')", "0"},
              {"'hello'.lastIndexOf('l')", "3"},
              {"'hello'.lastIndexOf('l', 2)", "2"},
              {"'h\u00e9llo'.substring(1, 3)", "'\u00e9l'"},
              {"'abc'.substring(2, 1)", "error: invalid substring range. start: 2, end: 1"},
              {"'a,b,c'.split(',', 2) == ['a', 'b,c']", "true"},
              {"'ab'.split('') == ['a', 'b']", "true"},
              {"['a', 'b'].join('-') + ['c'].join()", "'a-bc'"},
              {"'aXbX'.replace('X', '')", "'ab'"},
              {"'aXbX'.replace('X', 'Y', 1)", "'aYbX'"},
              {"'ab'.replace('', '-')", "'-a-b-'"},
              {"' \\u2003a\\n'.trim()", "'a'"},
              {"'AbC'.lowerAscii() + 'AbC'.upperAscii()", "'abcABC'"},
              {"'a'.startsWith('') && 'ab'.endsWith('b') && 'abc'.contains('b')", "true"},
              {"strings.quote('a\"b')", "'\"a\\\"b\"'"}});
}

TEST(CelLibraries, Format_writes_every_clause) {
  expect_all({{"'%s %d %%'.format(['a', 1])",
               "ERROR: <input>:1:25: expected type 'string' but found 'int'\n | '%s %d "
               "%%'.format(['a', 1])\n | ........................^"},
              {"'%s|%d|%x|%X|%o|%b'.format([dyn('a'), 10, 255, 255, 8, 5])", "'a|10|ff|FF|10|101'"},
              {"'%.2f'.format([1234.567])", "'1,234.57'"},
              {"'%.3e'.format([1052.032911275])", "'1.052\u202f\u00d7\u202f10\u2070\u00b3'"},
              {"'%s'.format([[1, 2]])", "'[1, 2]'"},
              {"'%s'.format([{'b': 'x', 'a': 'y'}])", "'{\"a\": \"y\", \"b\": \"x\"}'"},
              {"'%s'.format([duration('1s')])", "'1s'"},
              {"'%d'.format(['a'])",
               "error: error during formatting: decimal clause can only be used on integers, was "
               "given string"},
              {"'%s'.format([])", "error: index 0 out of range"}});
}

TEST(CelLibraries, Lists_are_summed_sorted_and_searched) {
  expect_all({{"[1, 2, 3].sum() + [4, 5].max() + [4, 5].min()", "15"},
              {"[].sum() == 0", "true"},
              {"[9223372036854775807, 1].sum()", "error: integer overflow"},
              {"[1, 2, 2].isSorted() && !['b', 'a'].isSorted()", "true"},
              {"dyn([]).max()", "error: max called on empty list"},
              {"[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2", "true"},
              {"[1, 2, 3, 4].slice(1, 3) == [2, 3]", "true"},
              {"[[1], [2, 3]].flatten() == [1, 2, 3]", "true"},
              {"[1, 1, 2].distinct() == [1, 2]", "true"},
              {"[3, 1, 2].sort() == [1, 2, 3]", "true"},
              {"[1, 2].reverse() == [2, 1]", "true"},
              {"sets.contains([1, 2], [2]) && !sets.contains([1], [2])", "true"},
              {"sets.equivalent([1, 2, 2], [2, 1])", "true"},
              {"sets.intersects([1, 2], [2, 3])", "true"}});
}

TEST(CelLibraries, Patterns_match_and_find) {
  expect_all({{"'abc123'.matches('[0-9]+$')", "true"},
              {"'abc 123'.find('[0-9]+')", "'123'"},
              {"'1 22 333'.findAll('[0-9]+') == ['1', '22', '333']", "true"},
              {"'1 22 333'.findAll('[0-9]+', 1) == ['1']", "true"},
              {"'a'.matches('(' + 'x')", "error: error parsing regexp: missing ): (x"}});
}

TEST(CelLibraries, Addresses_and_ranges) {
  expect_all(
      {{"isIP('127.0.0.1') && isIP('::1') && !isIP('1.2.3') && !isIP('::ffff:1.2.3.4')", "true"},
       {"ip('::1') == ip('0:0:0:0:0:0:0:1')", "true"},
       {"ip.isCanonical('2001:db8::') && !ip.isCanonical('2001:DB8::')", "true"},
       {"ip('10.0.0.1').family()", "4"},
       {"ip('127.0.0.1').isLoopback() && ip('fe80::1').isLinkLocalUnicast()", "true"},
       {"ip('8.8.8.8').isGlobalUnicast() && ip('0.0.0.0').isUnspecified()", "true"},
       {"cidr('192.168.0.0/16').containsIP('192.168.5.6')", "true"},
       {"cidr('192.168.0.0/16').containsCIDR(cidr('192.168.1.0/24'))", "true"},
       {"cidr('192.168.1.5/24').masked() == cidr('192.168.1.0/24')", "true"},
       {"cidr('2001:db8::/32').prefixLength()", "32"},
       {"string(cidr('10.0.0.0/8').ip())", "'10.0.0.0'"},
       {"isCIDR('10.0.0.0/33')", "false"}});
}

TEST(CelLibraries, Urls) {
  expect_all(
      {{"url('https://user@example.com:8443/a%20b?x=1&x=2&y=%21').getHost()", "'example.com:8443'"},
       {"url('https://[::1]:80/').getHostname() + url('https://[::1]:80/').getPort()", "'::180'"},
       {"url('https://e.com/a b').getEscapedPath()", "'/a%20b'"},
       {"url('https://e.com/?x=1&x=2').getQuery()['x'] == ['1', '2']", "true"},
       {"isURL('/path') && !isURL('path') && !isURL('')", "true"},
       {"url('HTTPS://e.com').getScheme()", "'https'"}});
}

TEST(CelLibraries, Quantities_are_exact) {
  expect_all({{"quantity('1.5Gi') == quantity('1610612736')", "true"},
              {"quantity('50M').isLessThan(quantity('50Mi'))", "true"},
              {"quantity('1k').asInteger()", "1000"},
              {"quantity('500m').isInteger()", "false"},
              {"quantity('50k').add(20).asInteger()", "50020"},
              {"quantity('1').sub(quantity('2')).sign()", "-1"},
              {"quantity('0.5').asApproximateFloat()", "0.5"},
              {"quantity('1e3').compareTo(quantity('1k'))", "0"},
              {"isQuantity('1.3Gi') && !isQuantity('1.3 Gi') && !isQuantity('abc')", "true"}});
}

TEST(CelLibraries, Semantic_versions_and_named_formats) {
  expect_all({{"semver('1.2.3').isLessThan(semver('1.10.0'))", "true"},
              {"semver('1.0.0-alpha').isLessThan(semver('1.0.0'))", "true"},
              {"semver('v1.2', true).minor()", "2"},
              {"isSemver('1.2') || isSemver('01.2.3')", "false"},
              {"format.dns1123Label().validate('my-name').hasValue()", "false"},
              {"format.dns1123Label().validate('My-Name').hasValue()", "true"},
              {"format.named('uuid').value().validate('x').value()[0]",
               "'does not match the UUID format'"},
              {"format.named('nothing').hasValue()", "false"},
              {"!format.dns1035Label().validate('a1').hasValue() && "
               "format.dns1035Label().validate('1a').hasValue()",
               "true"}});
}

}  // namespace
}  // namespace charter::cel::test

import Core
import Testing

@Suite("Where webhooks may go")
struct TargetPolicyTests {
    static let targets: [(text: String, url: String, host: String, port: Int)] = [
        ("https://example.com", "https://example.com/", "example.com", 443),
        ("example.com", "http://example.com/", "example.com", 80),
        ("example.com:8080/a?b=c#d", "http://example.com:8080/a?b=c", "example.com", 8080),
        ("HTTPS://Example.COM./", "https://example.com/", "example.com", 443),
        ("http://h.org?q", "http://h.org/?q", "h.org", 80),
        ("http://h.org:80/", "http://h.org/", "h.org", 80),
        ("http://h.org:/a", "http://h.org/a", "h.org", 80),
        ("h.org/a?b=https://c.org", "http://h.org/a?b=https://c.org", "h.org", 80),
        ("http://[::1]:8080/a", "http://[::1]:8080/a", "::1", 8080),
        ("http://1.2.3.4:1/", "http://1.2.3.4:1/", "1.2.3.4", 1),
        ("http://h.org/é|\"{}", "http://h.org/%C3%A9%7C%22%7B%7D", "h.org", 80),
        ("https://name:pass@h.org/a@b", "https://h.org/a@b", "h.org", 443),
    ]

    @Test("URLs are taken apart", arguments: targets)
    func target(_ text: String, _ url: String, _ host: String, _ port: Int) throws {
        let target = try WebTarget(text)
        #expect((target.url, target.host, target.port) == (url, host, port))
    }

    @Test("Credentials in a URL")
    func credentials() throws {
        #expect(try WebTarget("https://name:p%40ss%zz@h.org").credentials == "name:p@ss%zz")
        #expect(try WebTarget("https://h.org").credentials == nil)
    }

    @Test(
        "What is no URL that can be called, or could be read in two ways, is refused",
        arguments: [
            "", "http://", "https:///path", "ftp://h.org", "file:///etc/hosts", "javascript://h.org", "://h.org",
            "a+b://h.org", "http://h .org",
            "http://h.org\\@evil.org", "http://a@b@h.org", "http://h.org:0", "http://h.org:65536", "http://h.org:8x",
            "http://h.org:+8", "http://[::1", "http://[1.2.3.4]", "http://[fe80::1%25eth0]", "http://::1/",
            "http://h%2eorg", "http://bücher.org", "http://.h.org", "http://h..org", "http://h.org\n",
            "http://h.org\u{7F}",
        ])
    func refused(_ text: String) {
        #expect(throws: WebhookMistake.self) { try WebTarget(text) }
    }

    @Test(
        "Where redirects lead",
        arguments: [
            ("https://other.org/x", "https://other.org/x"), ("//other.org/x", "http://other.org/x"),
            ("/x?y", "http://h.org:8080/x?y"), ("x", "http://h.org:8080/a/x"), ("?z", "http://h.org:8080/a/?z"),
        ])
    func following(_ location: String, _ url: String) throws {
        #expect(try WebTarget("http://h.org:8080/a/b?c/d").following(location).url == url)
    }

    @Test("A redirect to what is no URL is refused", arguments: ["file:///etc/hosts", "http://", "data:,x", "a b"])
    func badRedirect(_ location: String) throws {
        let target = try WebTarget("http://h.org")
        #expect(throws: WebhookMistake.self) { try target.following(location) }
    }

    static let names: [(url: String, reason: String?)] = [
        ("https://example.com", nil), ("https://1.2.3.4", nil), ("http://[::1]", nil), ("http://10.0.0.1", nil),
        ("http://localhost:8080", "a name without a dot is one of inside"),
        ("http://LOCALHOST.", "a name without a dot is one of inside"),
        ("http://shipyard-controller:8080", "a name without a dot is one of inside"),
        ("http://2130706433", "a name without a dot is one of inside"),
        ("http://0x7f000001", "a name without a dot is one of inside"),
        ("http://a.localhost", "it is a name of the machine, the cluster or the cloud itself"),
        ("http://kubernetes.default", "it is a name of the machine, the cluster or the cloud itself"),
        ("http://kubernetes.default.svc", "it is a name of the machine, the cluster or the cloud itself"),
        ("https://api.keptn.svc.cluster.local:443", "it is a name of the machine, the cluster or the cloud itself"),
        ("http://metadata.google.internal", "it is a name of the machine, the cluster or the cloud itself"),
        ("https://keptn.example.org:8080", "the configuration denies it"),
        ("https://keptn.example.org", nil), ("https://a.b.denied.org", "the configuration denies it"),
        ("https://denied.org", nil), ("http://allowed.local:9000", nil),
        ("http://allowed.local", "it is a name of the machine, the cluster or the cloud itself"),
    ]

    private static let policy = TargetPolicy(
        allowed: ["allowed.local:9000", "127.0.0.2", "10.1.0.0/16", "[::1]:9000"].compactMap {
            TargetPolicy.Pattern($0)
        },
        denied: ["keptn.example.org:8080", "*.denied.org", "10.0.0.0/8", "203.0.113.7:8080", "2001:db8::/32"]
            .compactMap { TargetPolicy.Pattern($0) })

    @Test("By their names", arguments: names)
    func name(_ url: String, _ reason: String?) throws {
        let target = try WebTarget(url)
        #expect(Self.policy.objection(toName: target) == reason.map { "webhooks may not call \(target.host): \($0)" })
    }

    static let addresses: [(address: String, isOpen: Bool)] = [
        ("93.184.216.34", true), ("192.168.1.1", true), ("172.16.0.1", true), ("100.64.0.1", true),
        ("2606:2800:220:1::1", true), ("fd12::1", true), ("::ffff:93.184.216.34", true), ("64:ff9b::5db8:d822", true),
        ("127.0.0.1", false), ("127.255.255.255", false), ("0.0.0.0", false), ("0.1.2.3", false),
        ("169.254.169.254", false), ("169.254.0.1", false), ("100.100.100.200", false), ("168.63.129.16", false),
        ("224.0.0.1", false), ("255.255.255.255", false), ("::", false), ("::1", false), ("fe80::1", false),
        ("febf::1", false), ("fec0::1", false), ("ff02::1", false), ("fd00:ec2::254", false),
        ("::ffff:127.0.0.1", false), ("::ffff:169.254.169.254", false), ("::127.0.0.1", false),
        ("64:ff9b::7f00:1", false), ("64:ff9b:1::a9fe:a9fe", false), ("2002:7f00:1::", false),
        ("2001:0:1::80ff:fffe", false), ("fe90::5efe:7f00:1", false), ("2606::5efe:7f00:1", false),
        ("10.0.0.1", false), ("10.1.2.3", true), ("127.0.0.2", true), ("2001:db8::1", false),
        ("203.0.113.7", true), ("::ffff:10.0.0.1", false), ("64:ff9b::7f00:2", true),
    ]

    @Test("By every address that a name has", arguments: addresses)
    func address(_ text: String, _ isOpen: Bool) throws {
        let address = try #require(IPAddress(text))
        let objection = Self.policy.objection(to: address, of: try WebTarget("https://example.com"))
        #expect((objection == nil) == isOpen, "\(objection ?? "")")
    }

    @Test("A name that is allowed may have any address, and a port may decide")
    func allowed() throws {
        let loopback = try #require(IPAddress("127.0.0.1"))
        #expect(Self.policy.objection(to: loopback, of: try WebTarget("http://allowed.local:9000")) == nil)
        #expect(Self.policy.objection(to: loopback, of: try WebTarget("http://allowed.local")) != nil)
        let own = try #require(IPAddress("203.0.113.7"))
        #expect(
            Self.policy.objection(to: own, of: try WebTarget("http://example.com:8080"))
                == "webhooks may not call example.com: the configuration denies its address 203.0.113.7")
        let six = try #require(IPAddress("::1"))
        #expect(Self.policy.objection(to: six, of: try WebTarget("http://[::1]:9000")) == nil)
        #expect(
            Self.policy.objection(to: six, of: try WebTarget("http://[::1]"))
                == "webhooks may not call ::1: its address 0:0:0:0:0:0:0:1 is the machine's own")
    }

    @Test(
        "Patterns that mean nothing are none",
        arguments: [
            "", "*", ".", "a b", "a/b", "h.org:0", "h.org:x", "10.0.0.0/33", "1.2.3.4/8/9", "http://h.org", "a@b",
        ])
    func patterns(_ text: String) {
        #expect(TargetPolicy.Pattern(text) == nil)
    }

    @Test("Addresses are read strictly", arguments: ["127.1", "0177.0.0.1", "1.2.3", "1.2.3.4.5", "::1%lo", "x", ""])
    func badAddresses(_ text: String) {
        #expect(IPAddress(text) == nil)
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }
}

import Core
import KeptnModel
import Testing

@Suite struct JMeterResultsTests {
    /// As JMeter 2.13 and 5.6 write them: with and without the header, other columns behind, quoted fields.
    static let results = #"""
        timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes
        1700000000000,10,get,200,OK,users 1-1,text,true,,202
        1700000000001,20,"get, the ""item""",200,"O
        K",users 1-1,text,true,,202
        1700000000002,30,get,500,Oh no,users 1-1,text,false,,202
        1700000000003,40,get,200,OK,users 1-1,text,false,"expected: /sock/",202
        1700000000004,50,get,Non HTTP response code: java.net.ConnectException,refused,users 1-1,text,false,2,2

        """#

    @Test("Results are counted however they are cut into pieces", arguments: [1, 2, 7, 64, 10_000])
    func pieces(size: Int) throws {
        var results = JMeterResults()
        let bytes = Array(Self.results.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try results.read(bytes[start..<min(start + size, bytes.count)])
        }
        let report = results.report
        #expect(report.requests == 5)
        #expect(report.errors == 3)
        #expect(report.average == 30)
        #expect(report.parts.map(\.name) == ["get", "get, the \"item\""])
        #expect(report.parts.map(\.latencies.count) == [4, 1])
        #expect(
            report.failures == [
                "get: 500 Oh no", "get: expected: /sock/",
                "get: Non HTTP response code: java.net.ConnectException refused",
            ])
    }

    @Test("A line without its end does not count")
    func cut() throws {
        var results = JMeterResults()
        try results.read("1,10,get,200,OK,u,text,true,\n1,10,get,200,OK,u,text,true".utf8)
        #expect(results.report.requests == 1)
    }

    @Test(
        "What is no result is an error with the line",
        arguments: [
            "<?xml version=\"1.0\"?>\n", "1,x,get,200,OK,u,text,true\n", "1,10,get,200,OK,u,text,perhaps\n", "1,10\n",
            "1,-1,get,200,OK,u,text,true\n",
        ])
    func unreadable(line: String) {
        #expect(throws: JMeterResults.Unreadable.self) {
            var results = JMeterResults()
            try results.read(line.utf8)
        }
    }

    @Test("A line without end is not kept for ever")
    func endless() {
        #expect(throws: JMeterResults.Unreadable.self) {
            var results = JMeterResults()
            try results.read(repeatElement(UInt8(ascii: "x"), count: 2 << 20))
        }
    }
}

@Suite struct JMeterPropertiesTests {
    @Test(
        "The address becomes properties",
        arguments: [
            ("http://carts.local", ["http", "carts.local", "80", "/health"]),
            ("https://carts.local/shop/", ["https", "carts.local", "443", "/shop"]),
            ("http://127.0.0.1:10001/a?b=c", ["http", "127.0.0.1", "10001", "/a"]),
            ("http://user:secret@[::1]:8080", ["http", "::1", "8080", "/health"]),
        ])
    func addresses(url: String, expected: [String]) throws {
        let properties = try #require(all(url))
        #expect(["PROTOCOL", "SERVER_URL", "SERVER_PORT", "CHECK_PATH"].map { properties[$0] } == expected)
    }

    @Test("No address of that kind", arguments: ["ftp://x", "carts.local", "http://", "http://x:port"])
    func wrong(url: String) { #expect(all(url) == nil) }

    @Test("The workload's own properties win, and a monitoring tool's come from the environment")
    func merged() throws {
        let properties = try #require(
            JMeterProperties.all(
                for: TestConfiguration.Workload(
                    testStrategy: "performance", virtualUsers: 3, loopCount: 4, thinkTime: .milliseconds(5),
                    script: "x.jmx", acceptedErrorRate: 0, properties: ["CHECK_PATH": "/ready", "size": "9"]),
                of: Scope(project: "p", stage: "s", service: "v"), context: "c", at: "http://x",
                environment: ["DT_TENANT": "t", "HOME": "/root"]))
        #expect(properties["CHECK_PATH"] == "/ready")
        #expect(properties["size"] == "9")
        #expect(properties["DT_TENANT"] == "t")
        #expect(properties["DT_API_TOKEN"] == nil)
        #expect(properties["HOME"] == nil)
        #expect(properties["DT_LTN"] == "performance_c")
        #expect(properties["VUCount"] == "3" && properties["LoopCount"] == "4" && properties["ThinkTime"] == "5")
    }

    private func all(_ url: String) -> [String: String]? {
        JMeterProperties.all(
            for: TestConfiguration.defaults[0], of: Scope(project: "p", stage: "s", service: "v"), context: "c",
            at: url, environment: [:])
    }
}

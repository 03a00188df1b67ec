import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Alert rules from objectives")
struct AlertRulesTests {
    private static let scope = Scope(project: "sockshop", stage: "production", service: "carts")

    private static func rules(
        _ pass: [[String]], queries: [String: String] = ["a": "q{s=\"$SERVICE\"}[$DURATION_SECONDS]"]
    )
        -> AlertRules
    {
        AlertRules(
            scope: scope, slo: SLO(objectives: [.init(sli: "a", pass: pass.map { .init($0) })], totalScore: nil),
            queries: queries, timing: .init(window: .seconds(20), after: .seconds(2)))
    }

    static let query = "(q{s=\"carts\"}[20s])"
    static let cases: [(pass: [[String]], expression: String?)] = [
        ([["<600"]], "(\(query) >= 600.0)"), ([[">=0.5", "<=2"]], "(\(query) < 0.5 or \(query) > 2.0)"),
        ([["<=+10%", "<750"], ["<600"]], "(\(query) >= 750.0) and (\(query) >= 600.0)"),
        ([["=1"]], "(\(query) != 1.0)"), ([["<=+10%"], ["<600"]], nil), ([["nonsense"]], nil), ([], nil),
    ]

    @Test("A fixed bound that is missed raises the alert", arguments: cases)
    func expressions(pass: [[String]], expression: String?) {
        let rules = Self.rules(pass)
        #expect(rules.rules.map(\.expression) == (expression.map { [$0] } ?? []))
        #expect(rules.leftOut.isEmpty == (expression != nil || pass.isEmpty))
    }

    @Test("Filters of the objectives stand in queries as in those of a gate; what only a run knows cannot be watched")
    func placeholders() {
        let queries = [
            "a": "q{handler=~\"$handler\",team='$TEAM',x=~'a$',s='$service'}", "b": "b{run='$CONTEXT'}",
            "c": "c{v='$LABEL.version'}", "d": "d{t='$TESTSTRATEGY'}",
        ]
        let slo = SLO(
            filter: [("handler", "Item\"s$PROJECT"), ("team", "red")],
            objectives: queries.keys.sorted().map { .init(sli: $0, pass: [.init(["<1"])]) }, totalScore: nil)
        let rules = AlertRules(scope: Self.scope, slo: slo, queries: queries, timing: .init())
        #expect(
            rules.rules.map(\.expression) == [
                "((q{handler=~\"Items$PROJECT\",team='red',x=~'a$',s='carts'}) >= 1.0)"
            ])
        #expect(
            rules.leftOut == [
                "b: its query has $CONTEXT, which is known of a run only",
                "c: its query has $LABEL.version, which is known of a run only",
                "d: its query has $TESTSTRATEGY, which is known of a run only",
            ])
    }

    @Test("Without a query of the project's the proxy's figures count, and an unknown indicator is left out")
    func proxy() throws {
        let slo = SLO(
            objectives: [
                .init(sli: "response_time_p95", pass: [.init(["<300"])]), .init(sli: "cpu", pass: [.init(["<1"])]),
            ], totalScore: nil)
        let rules = AlertRules(scope: Self.scope, slo: slo, queries: [:], timing: .init())
        #expect(
            rules.rules.map(\.expression) == [
                "((histogram_quantile(0.95, sum by (le) (rate(keptn_proxy_request_seconds_bucket{"
                    + "project=\"sockshop\",stage=\"production\",service=\"carts\",kind=\"primary\"}[180s]))) * 1000) "
                    + ">= 300.0)"
            ])
        #expect(rules.leftOut == ["cpu: prometheus/sli.yaml has no query for it"])
        let rule = try #require(AlertRules.file([rules])["groups"]?.elements.first?["rules"]?.elements.first)
        #expect(rule["for"] == "60s")
        #expect(
            rule["labels"] == [
                "project": "sockshop", "stage": "production", "service": "carts", "severity": "warning",
            ])
    }
}

import CloudEvents
import KeptnModel
import Testing

@Suite struct ApprovalTermsTests {
    @Test(
        "Properties",
        arguments: [
            ("{}", 1, nil, KeptnResult.fail), (#"{"approvers":2,"timeout":"2h","onTimeout":"pass"}"#, 2, 7200, .pass),
            (#"{"approvers":"3","timeout":"","onTimeout":"fail"}"#, 3, nil, .fail),
        ] as [(String, Int, Int?, KeptnResult)])
    func good(properties: String, approvers: Int, seconds: Int?, answer: KeptnResult) throws {
        let terms = try ApprovalTerms(properties: try JSON(parsing: properties))
        #expect(terms.approvers == approvers)
        #expect(terms.timeout == seconds.map { .seconds($0) })
        #expect(terms.defaultAnswer == answer)
    }

    @Test(
        "Mistakes",
        arguments: [
            (#"{"approvers":0}"#, "approval.approvers is '0'; a number from 1 to 20 is needed"),
            (#"{"approvers":"all"}"#, "approval.approvers is 'all'; a number from 1 to 20 is needed"),
            (#"{"timeout":"soon"}"#, "approval.timeout is 'soon'; a duration such as 30s, 10m or 1h30m is needed"),
            (#"{"onTimeout":"warning"}"#, "approval.onTimeout is 'warning'; pass or fail is needed"),
            (#"{"onTimeout":true}"#, "approval.onTimeout is 'true'; pass or fail is needed"),
        ])
    func mistakes(properties: String, message: String) throws {
        let properties = try JSON(parsing: properties)
        let error = #expect(throws: UnusableProperty.self) { try ApprovalTerms(properties: properties) }
        #expect(error?.description == message)
    }
}

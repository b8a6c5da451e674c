def test_a_second_platform_waits_until_each_has_a_host_name(klods):
    assert klods("platform create shop --domain shop.localhost") == (3, "without_domain")
    assert klods("platform add-domain default hub.localhost")[0] == 0
    assert klods("platform create shop --domain Shop.localhost. --name Shop")[1]["domains"] == ["shop.localhost"]
    assert klods("platform remove-domain default hub.localhost") == (3, "without_domain")
    assert klods("platform add-domain default shop.localhost") == (3, "name_taken")
    assert klods("platform archive default")[0] == 0
    assert klods("platform archive shop") == (3, "last_platform")
    assert [(it["code"], it["is_archived"]) for it in klods("platform list")[1]] == [("default", True), ("shop", False)]


def test_people_have_roles_and_somebody_always_can_give_them(klods):
    klods("login-link")  # makes the first administrator
    assert klods("role create clerk --permission customers.* --permission klods.log.read")[0] == 0
    assert klods("user create karen --email karen@example.com --role clerk")[1]["roles"] == ["clerk"]
    assert klods("role set clerk --permission customers.read")[1]["permissions"] == ["customers.read"]
    assert klods("user take admin administrator") == (3, "last_administrator")
    assert klods("user disable admin") == (3, "last_administrator")
    assert klods("user give karen administrator")[1]["roles"] == "administrator, clerk"
    assert klods("user take admin administrator")[0] == 0
    assert klods("role set administrator --permission x") == (3, "fixed_role")
    assert klods("role create Clerk") == (2, "invalid_name")
    assert klods("role create other --permission Customers") == (2, "invalid_name")
    assert klods("user give karen nothing") == (4, "no_such_role")
    assert klods("user create per --email nowhere") == (2, "invalid_name")
    assert "klods.people.manage" in klods("role permissions")[1]


def test_a_vendor_works_on_one_platform_and_has_a_tier(klods):
    assert klods("vendor create acme --name ACME")[1]["platform_id"] == 1
    assert klods("user create vera --kind vendor --vendor acme")[0] == 0
    assert klods("user give vera administrator") == (2, "invalid_name")
    assert klods("user create viggo --kind vendor --vendor acme --role administrator") == (2, "invalid_name")
    assert klods("tier set gold reports exports --position 2")[0] == 0
    assert klods("tier give gold --vendor acme")[0] == 0
    assert klods("tier delete gold") == (3, "in_use")
    assert klods("tier give silver --vendor acme") == (4, "no_such_tier")
    assert klods("feature grant beta --vendor acme")[0] == 0
    assert klods("feature withdraw reports")[0] == 0
    assert klods("vendor list")[1][0]["tier"] == "gold"
    assert klods("user create per --vendor acme --platform default")[0] == 2

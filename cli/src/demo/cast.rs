//! Who and what the story is about: the customers, the products, the staff's numbers. All names
//! are made up; staff appear only as opaque ids.

use daybook_core::event::customer::CustomerKind;

/// The language a customer is dealt with in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// Chinese, paying in CNY.
    Chinese,
    /// English, paying in USD.
    English,
}

/// What is fixed of one customer.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// The name on file.
    pub name: &'static str,
    /// The language.
    pub tongue: Tongue,
    /// What the customer is to us.
    pub kind: CustomerKind,
    /// Province or country.
    pub region: &'static str,
    /// City.
    pub city: &'static str,
    /// Industry.
    pub industry: &'static str,
    /// How much goes on, 1 to 4.
    pub weight: i32,
}

/// A product of the company.
#[derive(Debug, Clone, Copy, Default)]
pub struct Product {
    /// Its code.
    pub code: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// List price in fen.
    pub fen: i64,
    /// List price in US cents.
    pub cents: i64,
    /// The most one order takes.
    pub most: i32,
}

const fn product(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    yuan: i64,
    dollars: i64,
    most: i32,
) -> Product {
    Product { code, zh, en, fen: yuan * 100, cents: dollars * 100, most }
}

/// How many of [`PRODUCTS`] are machines; they come first.
pub const MACHINES: usize = 4;
/// How many of [`PRODUCTS`] can be shipped; the services after them cannot.
pub const GOODS: usize = 8;
/// What the company sells.
pub const PRODUCTS: [Product; 10] = [
    product("VMC-850", "立式加工中心", "vertical machining centre", 385_000, 54_800, 2),
    product("CK-6150", "数控车床", "CNC lathe", 168_000, 23_900, 3),
    product("SG-3060", "平面磨床", "surface grinder", 126_000, 17_900, 2),
    product("EDM-45", "电火花成形机", "die-sinking EDM machine", 98_000, 13_900, 2),
    product("SP-15K", "高速电主轴", "high-speed spindle", 18_600, 2_650, 12),
    product("GR-HP25", "精密减速器", "precision gearbox", 4_280, 610, 80),
    product("LB-RU124", "交叉滚子轴承", "crossed roller bearing", 1_860, 265, 200),
    product("FX-ZP4", "零点定位夹具", "zero-point clamping system", 12_500, 1_780, 20),
    product("SRV-CAL", "精度校准服务", "calibration service", 3_600, 520, 6),
    product("SRV-PM", "年度保养服务", "yearly maintenance", 9_800, 1_390, 4),
];

const fn zh(
    name: &'static str,
    region: &'static str,
    city: &'static str,
    industry: &'static str,
    kind: CustomerKind,
    weight: i32,
) -> Card {
    Card { name, tongue: Tongue::Chinese, kind, region, city, industry, weight }
}

const fn en(
    name: &'static str,
    region: &'static str,
    city: &'static str,
    industry: &'static str,
    kind: CustomerKind,
    weight: i32,
) -> Card {
    Card { name, tongue: Tongue::English, kind, region, city, industry, weight }
}

use CustomerKind::{Company, Manufacturer, Middleman, Partner, Person};

/// Every customer; the first [`IMPORTED`] come from the old list. The order is that of the codes.
pub const CARDS: [Card; 60] = [
    zh("苏州恒力达自动化设备有限公司", "江苏", "苏州", "自动化设备", Manufacturer, 4),
    zh("无锡市锡湖模具制造有限公司", "江苏", "无锡", "模具", Manufacturer, 4),
    zh("宁波甬盛汽车零部件有限公司", "浙江", "宁波", "汽车零部件", Manufacturer, 4),
    zh("常州启明轴承科技有限公司", "江苏", "常州", "轴承", Manufacturer, 3),
    zh("东莞市联拓五金塑胶有限公司", "广东", "东莞", "五金塑胶", Manufacturer, 3),
    zh("重庆渝江机床销售有限公司", "重庆", "重庆", "机床贸易", Middleman, 3),
    zh("沈阳北方重工配件厂", "辽宁", "沈阳", "工程机械", Manufacturer, 2),
    zh("杭州云帆机器人有限公司", "浙江", "杭州", "机器人", Company, 4),
    zh("武汉光谷激光装备有限公司", "湖北", "武汉", "激光装备", Manufacturer, 3),
    zh("青岛海川船舶设备有限公司", "山东", "青岛", "船舶设备", Manufacturer, 3),
    zh("天津津卫压缩机有限公司", "天津", "天津", "压缩机", Manufacturer, 2),
    zh("西安长安航空精工有限公司", "陕西", "西安", "航空零件", Manufacturer, 3),
    zh("合肥科源新能源设备有限公司", "安徽", "合肥", "新能源设备", Company, 3),
    zh("厦门鹭岛医疗器械有限公司", "福建", "厦门", "医疗器械", Manufacturer, 2),
    zh("济南泉城液压件有限公司", "山东", "济南", "液压件", Manufacturer, 2),
    zh("大连滨海齿轮有限公司", "辽宁", "大连", "齿轮", Manufacturer, 2),
    zh("佛山市南桂陶瓷机械有限公司", "广东", "佛山", "陶瓷机械", Manufacturer, 2),
    zh("成都蓉城电子装备有限公司", "四川", "成都", "电子装备", Company, 2),
    en("Keller & Brandt Maschinenbau GmbH", "Germany", "Stuttgart", "machine tools", Company, 4),
    en("Northfield Tooling Inc.", "United States", "Cleveland", "tooling", Manufacturer, 3),
    en("Müller Präzisionstechnik GmbH", "Germany", "Ulm", "precision parts", Manufacturer, 3),
    en("Harbour Bridge Engineering Pty Ltd", "Australia", "Newcastle", "mining", Company, 2),
    en("Lakeshore Bearings LLC", "United States", "Milwaukee", "bearings", Middleman, 3),
    en("Fjordtek AS", "Norway", "Bergen", "offshore equipment", Company, 2),
    zh("长沙湘岳工程机械有限公司", "湖南", "长沙", "工程机械", Manufacturer, 2),
    zh("郑州中原阀门有限公司", "河南", "郑州", "阀门", Manufacturer, 2),
    zh("嘉兴南湖紧固件有限公司", "浙江", "嘉兴", "紧固件", Manufacturer, 2),
    zh("南京紫金仪器有限公司", "江苏", "南京", "仪器仪表", Company, 3),
    zh("昆山鼎新精密模具有限公司", "江苏", "昆山", "模具", Manufacturer, 3),
    zh("深圳市宝锐智能装备有限公司", "广东", "深圳", "智能装备", Company, 4),
    zh("烟台芝罘食品机械有限公司", "山东", "烟台", "食品机械", Manufacturer, 1),
    zh("温州瓯江泵业有限公司", "浙江", "温州", "泵", Manufacturer, 2),
    zh("太原晋阳煤机配件有限公司", "山西", "太原", "煤矿机械", Manufacturer, 1),
    zh("石家庄冀中纺机有限公司", "河北", "石家庄", "纺织机械", Manufacturer, 1),
    zh("上海浦江机电贸易有限公司", "上海", "上海", "机电贸易", Middleman, 3),
    zh("上海临港风电设备有限公司", "上海", "上海", "风电设备", Company, 3),
    zh("中山市香山灯饰五金厂", "广东", "中山", "五金", Manufacturer, 1),
    zh("泉州刺桐石材机械有限公司", "福建", "泉州", "石材机械", Manufacturer, 1),
    zh("贵阳黔灵航天紧固件有限公司", "贵州", "贵阳", "航天零件", Manufacturer, 2),
    zh("岭南精密制造实验室", "广东", "广州", "科研", Partner, 2),
    zh("苏州恒立达自动化有限公司", "江苏", "苏州", "自动化设备", Manufacturer, 1),
    zh("周德明(个体加工)", "浙江", "台州", "来料加工", Person, 1),
    zh("郭秀兰(维修工作室)", "江苏", "南通", "设备维修", Person, 1),
    zh("江门市新会机械维修部", "广东", "江门", "设备维修", Company, 1),
    zh("哈尔滨松江汽轮机配件有限公司", "黑龙江", "哈尔滨", "汽轮机", Manufacturer, 2),
    zh("镇江焦山船用阀件有限公司", "江苏", "镇江", "船用阀件", Manufacturer, 1),
    en("Mueller Praezisionstechnik GmbH", "Germany", "Ulm", "precision parts", Manufacturer, 1),
    en("Ashworth Gear Company Ltd", "United Kingdom", "Sheffield", "gears", Manufacturer, 3),
    en("Officina Bellini S.r.l.", "Italy", "Brescia", "moulds", Manufacturer, 2),
    en("Maple Ridge Robotics Corp.", "Canada", "Waterloo", "robotics", Company, 3),
    en("Van der Veen Aandrijftechniek B.V.", "Netherlands", "Eindhoven", "drives", Company, 2),
    en("Atelier Mécanique Duvallon SAS", "France", "Lyon", "aerospace", Manufacturer, 2),
    en("Sierra Vista Medical Devices", "United States", "Tucson", "medical devices", Company, 2),
    en("Kestrel Subsea Ltd", "United Kingdom", "Aberdeen", "subsea", Company, 1),
    en("Thomas Okafor", "United Kingdom", "Leeds", "contract machining", Person, 1),
    en("Elaine Whitcombe", "New Zealand", "Christchurch", "restoration", Person, 1),
    en("Pacific Rim Machine Traders", "Singapore", "Singapore", "machine trade", Middleman, 3),
    en("Baltic Hydraulics OÜ", "Estonia", "Tallinn", "hydraulics", Company, 1),
    en("Cordillera Mining Parts S.A.", "Chile", "Antofagasta", "mining", Middleman, 2),
    en("Greenline Bicycle Works", "United States", "Portland", "bicycles", Manufacturer, 1),
];

/// How many of [`CARDS`] come from the old list, on the first day.
pub const IMPORTED: usize = 24;

/// Family names and given names of Chinese contacts.
pub const ZH_FAMILY: [&str; 16] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
];
/// Given names of Chinese contacts.
pub const ZH_GIVEN: [&str; 18] = [
    "建国", "丽华", "志强", "晓燕", "海涛", "文静", "国庆", "美玲", "俊杰", "雪梅", "永康", "思远",
    "婷婷", "浩然", "春生", "佳宁", "德福", "雨晴",
];
/// Given names of other contacts.
pub const EN_GIVEN: [&str; 16] = [
    "Anna", "Peter", "Julia", "Mark", "Ingrid", "Thomas", "Claire", "David", "Sofia", "Robert",
    "Helen", "Lars", "Emily", "Paul", "Nadia", "George",
];
/// Family names of other contacts.
pub const EN_FAMILY: [&str; 16] = [
    "Keller", "Novak", "Hughes", "Larsen", "Rossi", "Dubois", "Carter", "Wood", "Schmidt", "Evans",
    "Peters", "Morgan", "Fischer", "Bailey", "Tamm", "Rivera",
];
/// What contacts do.
pub const ROLES: [&str; 6] =
    ["purchasing", "engineering", "production", "finance", "quality", "management"];
/// Streets, in Chinese.
pub const ZH_STREETS: [&str; 8] = [
    "人民路",
    "建设路",
    "工业园区星湖街",
    "创新大道",
    "科技路",
    "滨江路",
    "开发区长江路",
    "解放路",
];
/// Streets, in English.
pub const EN_STREETS: [&str; 8] = [
    "Industrial Road",
    "Mill Lane",
    "Station Street",
    "Harbour Way",
    "Foundry Street",
    "Park Avenue",
    "Canal Street",
    "Bridge Road",
];

/// The managing director.
pub const DIRECTOR: u8 = 1;
/// The head of sales.
pub const HEAD_OF_SALES: u8 = 2;
/// The salespeople.
pub const SALES: [u8; 5] = [3, 4, 5, 6, 7];
/// Who takes in complaints.
pub const SERVICE_DESK: u8 = 8;
/// Who repairs.
pub const ENGINEER: u8 = 9;
/// Who leads service.
pub const HEAD_OF_SERVICE: u8 = 10;
/// Who keeps the accounts.
pub const ACCOUNTANT: u8 = 11;
/// Who ships.
pub const DISPATCHER: u8 = 12;
